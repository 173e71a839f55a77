import type { SessionRow, TableRows } from '../model/observation.ts';

/** The target of an upgrade, as the user named it. */
export interface Requirements {
  /** The version of the daemon afterwards. */
  readonly targetVersion: string | null;
  /** The contract that the clients keep; null for the one that this release supports. */
  readonly contract: string | null;
  /** Names in `capabilities` of the health answer, or ids of the catalogue. */
  readonly capabilities: readonly string[];
}

export const nothingRequired: Requirements = { targetVersion: null, contract: null, capabilities: [] };

/** What is known about the process of an open session. */
export type SessionStanding = 'live' | 'unowned' | 'gone' | 'doubtful' | 'external' | 'created';

/**
 * The state before an upgrade, for comparison afterwards. It contains ids and counts, but no title, path or text of a
 * session. A text that is not known to be harmless is replaced by its shape and a digest of it and `salt`, so it can be
 * compared but not read. Parts that could not be observed are null, and so are the sessions if there is no ledger.
 */
export interface UpgradeState {
  readonly schemaVersion: 1;
  readonly tool: { readonly name: string; readonly version: string };
  readonly runId: string;
  readonly at: string;
  readonly home: { readonly dev: string; readonly ino: string };
  /** Random, different for each state, in hex. States of 0.1.0 have none, and contain texts unchanged. */
  readonly salt?: string;
  readonly requirements: Requirements;
  /** Whether preflight allowed the upgrade. States of 0.1.0 do not say. */
  readonly ready?: boolean;
  /** The version of the `coven` on PATH. */
  readonly installed: string | null;
  readonly daemon: DaemonState | 'none' | null;
  readonly ledger: LedgerState | 'none' | null;
  readonly sessions: SessionsState | null;
}

export interface DaemonState {
  readonly version: string | null;
  readonly contract: string | null;
  readonly startedAt: string | null;
  readonly process: { readonly bootId: string; readonly pid: number; readonly startTicks: string } | null;
  readonly capabilities: readonly { readonly name: string; readonly value: string }[];
  /** Ids of the catalogue; null if the daemon did not answer. */
  readonly catalogue: readonly string[] | null;
}

export interface LedgerState {
  readonly dev: string;
  readonly ino: string;
  readonly tables: readonly TableRows[];
}

export interface SessionsState {
  readonly byStatus: readonly { readonly status: string; readonly count: number }[];
  readonly open: readonly (Pick<SessionRow, 'id' | 'status'> & { readonly standing: SessionStanding })[];
  /** False where more are open than are listed. */
  readonly openComplete: boolean;
}
