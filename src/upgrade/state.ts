import type { SessionRow, TableRows } from '../model/observation.ts';

/** What an upgrade must lead to, as it was asked for. */
export interface Requirements {
  /** Of the daemon that runs afterwards. */
  readonly targetVersion: string | null;
  /** The contract that the clients keep; null for the one that this release supports. */
  readonly contract: string | null;
  /** Names in `capabilities` of the health answer, or ids of the catalogue. */
  readonly capabilities: readonly string[];
}

export const nothingRequired: Requirements = { targetVersion: null, contract: null, capabilities: [] };

/** What is known of the process of a session that is open. */
export type SessionStanding = 'live' | 'unowned' | 'gone' | 'doubtful' | 'external' | 'created';

/**
 * What is compared over an upgrade, as it was before. It holds ids and counts: no title, no path, no text of a session. A
 * text that is not known to be harmless is its shape and a digest of it and `salt`: it can be compared, and not read.
 * Parts that could not be seen are null, and so are the sessions where there is no ledger.
 */
export interface UpgradeState {
  readonly schemaVersion: 1;
  readonly tool: { readonly name: string; readonly version: string };
  readonly runId: string;
  readonly at: string;
  readonly home: { readonly dev: string; readonly ino: string };
  /** Random, of this state alone, in hex. States of 0.1.0 have none, and hold texts as they were. */
  readonly salt?: string;
  readonly requirements: Requirements;
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
  /** Ids of the catalogue; null where it was not answered. */
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
