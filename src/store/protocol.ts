import type {
  StoreBytes,
  StoreIntegrity,
  StoreOpen,
  StoreRows,
  StoreSessions,
  TwoValues,
} from '../model/observation.ts';
import type { SessionReplay, SqliteDriver } from '../sqlite/protocol.ts';

/** What the reading child is asked, as the first line of its standard input. */
export interface ReadRequest {
  readonly ledger: string;
  /** A private folder on the ledger's file system; null to open the ledger in place, beside its owner. */
  readonly scratch: string | null;
  readonly deep: boolean;
  /** Milliseconds for reading rows in the bounded depth. */
  readonly budgetMs: number;
}

/**
 * What the child says, one JSON document a line; of `progress` and `bytes` the last one counts. The bytes come first, or,
 * beside a live owner, after the sessions.
 */
export type ReadMessage =
  | { readonly kind: 'bytes'; readonly bytes: StoreBytes }
  | { readonly kind: 'open'; readonly open: StoreOpen }
  | {
      readonly kind: 'sessions';
      readonly sessions: Omit<StoreSessions, 'looks'>;
    }
  | {
      readonly kind: 'progress';
      /** What is read now: SQLite checks the pages, or every row of every table is read. */
      readonly at: 'pages' | 'rows';
      readonly found: Pick<StoreIntegrity, 'tables' | 'problems' | 'indexProblems'>;
    }
  | { readonly kind: 'integrity'; readonly integrity: StoreIntegrity }
  | { readonly kind: 'rows'; readonly rows: StoreRows }
  | { readonly kind: 'inventory'; readonly inventory: StoreInventory }
  | { readonly kind: 'replay'; readonly replay: SessionReplay }
  | { readonly kind: 'trial'; readonly trial: TrialAnswer };

/** A later line that asks for the sessions once more. The end of its input ends the child. */
export const askAgain = 'sessions';

/** A later line that asks for the rows of every table to be counted. */
export const askRows = 'rows';

/** A later line, too: what support needs of a ledger beyond what checks rest on. */
export interface InventoryRequest {
  readonly inventory: {
    /** Titles and labels as they are, which may hold a prompt. */
    readonly titles: boolean;
    /** The session whose events are told with their payloads. */
    readonly eventsOf: string | null;
    /** Milliseconds for counting events. */
    readonly budgetMs: number;
  };
}

/** A later line, too: a part of what a session said and was told. */
export interface ReplayRequest {
  readonly replay: {
    readonly session: string;
    readonly fromSeq: number;
    readonly limit: number;
  };
}

export type { RawRows, RawRowsRequest, ReplayEvent, SessionReplay } from '../sqlite/protocol.ts';

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

/** What the mending process is asked: to make `into` a mended copy of `source`, which nobody has open. */
export interface MendRequest {
  readonly source: string;
  readonly into: string;
  /** Where a copy goes that has what is in the WAL in its main file and is else as it was; null where none is needed. */
  readonly settled: string | null;
  /** Each does what those before it do, too. */
  readonly work: 'checkpoint' | 'rebuild-search' | 'rebuild-index';
  /** Of a rebuilt index: the values in two versions that were shown. No others are given up. */
  readonly values: readonly TwoValues[];
}

export type MendAnswer = { readonly ok: true; readonly rows: number } | { readonly ok: false; readonly reason: string };

/** What the mending process is asked, too: to write to `trial`, a private copy of a ledger, and to take that back. */
export interface TrialRequest {
  readonly trial: string;
}

export interface TrialAnswer {
  /** SQLite's words where a session or an event cannot be written or removed. */
  readonly problem: string | null;
  /** There are events, and none is in the full-text index. */
  readonly searchEmpty: boolean;
  /** By its row in the schema, what Coven did not make and without which it can be written: proven by leaving it out. */
  readonly inTheWay?: { readonly kind: 'trigger' | 'index'; readonly rowid: number; readonly table: string };
}
