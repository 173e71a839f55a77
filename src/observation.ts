import type {
  Answer,
  DaemonProcess,
  DaemonProgress,
  DaemonRecord,
  HealthAnswer,
  LogStory,
  Socket,
} from './observation/daemon.ts';
import type { Config, Disk, Entries, Filesystem, Home, Identities, Locks, Machine, Runs } from './observation/home.ts';
import type { Install, Leases } from './observation/install.ts';
import type { Processes } from './observation/processes.ts';
import type {
  StoreBytes,
  StoreFiles,
  StoreIntegrity,
  StoreOpen,
  StoreRehearsal,
  StoreRows,
  StoreSessions,
} from './observation/store.ts';

export type * from './observation/daemon.ts';
export type * from './observation/home.ts';
export type * from './observation/install.ts';
export type * from './observation/processes.ts';
export type * from './observation/store.ts';

/**
 * What a host can see: one key, one typed value each. What the machine did (a refused connection, a file that is not a
 * database) is a value; an observation fails only when the host could not look. Values are plain JSON, hold no more of
 * a process than its identity, and carry as typed fields every fact that a check decides on, so that a recorded run
 * judges as the live one did.
 */
export interface Observations {
  readonly machine: Machine;
  readonly home: Home;
  readonly 'home.entries': Entries;
  readonly 'home.identities': Identities;
  readonly 'home.runs': Runs;
  readonly 'home.disk': Disk;
  readonly 'home.locks': Locks;
  readonly 'home.filesystem': Filesystem;
  readonly 'home.config': Config;
  readonly processes: Processes;
  readonly 'daemon.record': DaemonRecord;
  readonly 'daemon.socket': Socket;
  readonly 'daemon.health': HealthAnswer;
  readonly 'daemon.capabilities': Answer<readonly string[]>;
  readonly 'daemon.process': DaemonProcess;
  readonly 'daemon.progress': DaemonProgress;
  readonly 'daemon.log': LogStory;
  readonly install: Install;
  readonly 'store.files': StoreFiles;
  readonly 'store.open': StoreOpen;
  readonly 'store.bytes': StoreBytes;
  readonly 'store.sessions': StoreSessions;
  readonly 'store.integrity': StoreIntegrity;
  readonly 'store.rows': StoreRows;
  readonly 'store.rehearsal': StoreRehearsal;
  readonly 'sessions.leases': Leases;
}

export type ObservationKey = keyof Observations;

/** Every key once: the compiler refuses a list that lacks one. */
export const observationKeys = Object.keys({
  machine: 0,
  home: 0,
  'home.entries': 0,
  'home.disk': 0,
  'home.locks': 0,
  'home.filesystem': 0,
  'home.config': 0,
  processes: 0,
  'daemon.record': 0,
  'daemon.socket': 0,
  'daemon.health': 0,
  'daemon.capabilities': 0,
  'daemon.process': 0,
  'daemon.log': 0,
  install: 0,
  'store.files': 0,
  'store.open': 0,
  'store.bytes': 0,
  'store.sessions': 0,
  'store.integrity': 0,
  'store.rows': 0,
  'store.rehearsal': 0,
  'sessions.leases': 0,
  'daemon.progress': 0,
  'home.identities': 0,
  'home.runs': 0,
} satisfies Record<ObservationKey, 0>) as readonly ObservationKey[];

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
