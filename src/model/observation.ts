import type { FileIdentity } from '../host/observations/home-identities.ts';
import type * as observations from '../host/observations/index.ts';
import type { ValueOf } from '../host/shape.ts';

export type { Answer, Capability, HealthAnswer, HealthBody, Silence } from '../host/observations/daemon-health.ts';
export type { LogError, LogStart, LogStory } from '../host/observations/daemon-log.ts';
export type { DaemonRecord } from '../host/observations/daemon-record.ts';
export type { Socket } from '../host/observations/daemon-socket.ts';
export type { Home } from '../host/observations/home.ts';
export type { Entries, Entry } from '../host/observations/home-entries.ts';
export type { FileIdentity } from '../host/observations/home-identities.ts';
export type { LockHolder } from '../host/observations/home-locks.ts';
export type { Install } from '../host/observations/install.ts';
export type { Machine } from '../host/observations/machine.ts';
export type { Process, Processes, Role } from '../host/observations/processes.ts';
export type { Lease } from '../host/observations/sessions-leases.ts';
export type { PageBytes, PageProblem, ReadableRows, StoreBytes, WalBytes } from '../host/observations/store-bytes.ts';
export type { LedgerFile, StoreFiles } from '../host/observations/store-files.ts';
export type { StoreIntegrity, TableReading } from '../host/observations/store-integrity.ts';
export type { StoreOpen, StoreOpenOutcome } from '../host/observations/store-open.ts';
export type { StoreRehearsal } from '../host/observations/store-rehearsal.ts';
export type { SampledRow, StoreRows, TableRows } from '../host/observations/store-rows.ts';
export type { ImpossibleValue, SessionRow, StoreSessions } from '../host/observations/store-sessions.ts';
export type { Kind } from '../host/shape.ts';

/**
 * What a host can see: one key, one typed value each, made of the schemas in `host/observations`. What the machine did (a
 * refused connection, a file that is not a database) is a value; an observation fails only when the host could not look.
 * Values are plain JSON, hold no more of a process than its identity, and carry as typed fields every fact that a check
 * decides on, so that a recorded run judges as the live one did.
 */
export type Observations = {
  readonly [K in keyof typeof observations]: ValueOf<(typeof observations)[K]['schema']>;
};

export type ObservationKey = keyof Observations;

/** The observations of these keys. */
export type Seen<K extends ObservationKey = ObservationKey> = { readonly [P in K]: Observations[P] };

/** The same; null in the place of what could not be seen. */
export type Observed<K extends ObservationKey = ObservationKey> = { readonly [P in K]: Observations[P] | null };

/** Those of `keys` where all of them were seen, else null. */
export const whole = <K extends ObservationKey>(observed: Observed<K>, keys: readonly K[]): Seen<K> | null =>
  keys.every((key) => observed[key] !== null) ? (observed as Seen<K>) : null;

/** One thing seen, or the reason why it could not be seen. Times are ISO 8601, durations milliseconds. */
export type Observation<T = unknown> = {
  readonly key: ObservationKey;
  readonly at: string;
  readonly ms: number;
} & ({ readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: ObservationError });

/** `code` is stable and short, `message` one plain line; `command` is a shell line after which it could be seen. */
export interface ObservationError {
  readonly code: string;
  readonly message: string;
  readonly command?: string;
}

/** The three files of a ledger; null for one that is not there. */
export interface LedgerIdentity {
  readonly main: FileIdentity;
  readonly wal: FileIdentity | null;
  readonly shm: FileIdentity | null;
}

/** A process that cannot be taken for another: numbers of processes are used again, these five together are not. */
export interface ProcessIdentity {
  readonly bootId: string;
  /** As the link /proc/self/ns/pid names it: `pid:[4026531836]`. */
  readonly pidNamespace: string;
  readonly pid: number;
  /** Clock ticks after boot. */
  readonly startTicks: string;
  readonly uid: number;
}

/** A value of a row that its table and one of its indexes have in two versions: the index may hold the right one. */
export interface TwoValues {
  readonly index: string;
  readonly table: string;
  readonly rowid: number;
  readonly column: string;
  /** What can be shown of each: the value of a time, number or id, and the length of any other text. */
  readonly inTable: string;
  readonly inIndex: string;
}

/** What the entries of indexes say, held against the rows that they name. */
export interface IndexComparison {
  /** Entries of rows that the table does not have: all that is left of rows that it lost. */
  readonly lostRows: number;
  readonly values: readonly TwoValues[];
  /** Names of the indexes that could be compared. */
  readonly compared: readonly string[];
}
