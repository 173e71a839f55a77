import type { Needed, UnreadOfAutomations } from '../coven/automations.ts';
import type { SqliteDriver } from '../sqlite/answers.ts';

export interface StoreInventory {
  readonly sqlite: SqliteDriver;
  readonly pragmas: Readonly<Record<string, string | number>>;
  readonly schema: readonly {
    readonly type: string;
    readonly name: string;
    readonly table: string;
    readonly sql: string | null;
  }[];
  readonly schemaComplete: boolean;
  /** Newest first. */
  readonly sessions: readonly SessionRecord[];
  readonly sessionsComplete: boolean;
  readonly events: SessionEvents | null;
  /** SQLite's code where the reading broke off. */
  readonly code: string | null;
}

/** A text that may hold a prompt: how long it is, and which it is among the others of this ledger, from 1. */
export interface Told {
  readonly length: number;
  readonly number: number;
  readonly text: string | null;
}

export interface SessionRecord {
  readonly id: string;
  readonly fields: Readonly<Record<string, string | number | null>>;
  readonly title: Told | null;
  readonly labels: Told | null;
  /** Null where no index leads to the events of a session, or the time ended before. */
  readonly events: {
    readonly total: number;
    /** How many of each kind, among the newest `counted`. */
    readonly kinds: Readonly<Record<string, number>>;
    readonly counted: number;
  } | null;
}

/** The newest events of one session, oldest first. */
export interface SessionEvents {
  readonly session: string;
  readonly complete: boolean;
  readonly list: readonly {
    readonly seq: number;
    readonly kind: string;
    readonly at: string;
    readonly bytes: number;
    /** Null where it is too long to be taken whole: a part of it could be the rest of a secret. */
    readonly payload: string | null;
  }[];
}

export interface TrialAnswer {
  /** SQLite's words where a session or an event cannot be written or removed. */
  readonly problem: string | null;
  /** There are events, and none is in the full-text index. */
  readonly searchEmpty: boolean;
  /** By its row in the schema, what Coven did not make and without which it can be written: proven by leaving it out. */
  readonly inTheWay?: { readonly kind: 'trigger' | 'index'; readonly rowid: number; readonly table: string };
}

/** Rows that would go with a ledger that is put back. */
export interface Newer {
  /** Sessions that the older ledger does not have, and those that it has in another state. */
  readonly newSessions: readonly string[];
  readonly changedSessions: readonly string[];
  /** Events that the older ledger does not have. */
  readonly events: number;
}

/** What a ledger holds, so that two of them can be compared without having both. */
export interface Content {
  /** SQLite's code where it did not open, else null. */
  readonly problem: string | null;
  /** Rows, or null with SQLite's code where they cannot be counted. */
  readonly tables: readonly { readonly name: string; readonly rows: number | null; readonly problem: string | null }[];
  /** sha256 over every value of every row in order of rowid; null where the table is absent or cannot be read whole. */
  readonly sessions: string | null;
  readonly events: string | null;
}

export const unopened = (problem: string): Content => ({ problem, tables: [], sessions: null, events: null });

/** An automation, with what became of its runs. Texts of it are its maker's, and Coven's own words may quote paths. */
export interface AutomationRow extends Needed {
  readonly called: string;
  readonly active: boolean;
  readonly quarantinedAt: string | null;
  /** The newest runs, as many as failed without another one between, of so many that were looked at. */
  readonly failed: number;
  readonly runs: number;
  /** When the newest of those was started, how Coven calls its failure and what it said of it, and its session. */
  readonly lastAt: string | null;
  readonly failure: string | null;
  readonly reason: string | null;
  readonly sessionId: string | null;
  /** A run that is recorded as running, and should be over since then. */
  readonly overdueSince: string | null;
}

export interface AutomationRows {
  readonly list: readonly AutomationRow[];
  /** The first part that could not be read: `more` of them than are looked at, what one is, what became of its runs, or the last pass. */
  readonly unread: UnreadOfAutomations | null;
  /** The last pass of the scheduler: when it ended, and how many automations it could not handle; null where it ended without telling. */
  readonly lastSweep: { readonly at: string; readonly failed: boolean; readonly failures: number | null } | null;
}
