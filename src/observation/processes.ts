/** `helper`: what a daemon forked off to watch over a session, under the daemon's command line. */
export type Role = 'serve' | 'helper' | 'run' | 'other-coven' | 'harness' | 'other';

export interface Process {
  readonly pid: number;
  /** Its number in its own pid namespace, by which it calls itself. */
  readonly innerPid: number;
  readonly ppid: number;
  /** Clock ticks after boot; with pid, boot and namespace the identity of a process. */
  readonly startTicks: string;
  readonly startedAt: string | null;
  readonly uid: number;
  /** One letter as in proc(5): R S D Z T t X I. */
  readonly state: string;
  readonly sessionLeader: boolean;
  /** A standard stream is a pseudo terminal whose master is gone. */
  readonly deadTerminal: boolean;
  readonly role: Role;
  /** Last part of its first argument. */
  readonly command: string;
  /** The nearest daemon or `coven run` of this home that it descends from. */
  readonly ownerPid: number | null;
  /** `--managed-started-at` of a daemon's command line. */
  readonly managedStartedAt: string | null;
  /** Which home its environment names, compared by device and inode; `unreadable` where it may not be read. */
  readonly home: 'this' | 'other' | 'none' | 'unreadable';
  /** Session id of its maintenance participant, where a daemon launched it. */
  readonly sessionId: string | null;
  /** The participant names a standalone `coven run`. */
  readonly standalone: boolean;
  /** Has the ledger, its WAL or its shared memory open. */
  readonly ledgerOpen: boolean;
  /** Listens on a Unix socket that was bound inside this home. */
  readonly listening: boolean;
  /** The doctor itself, or an ancestor of it. */
  readonly own: boolean;
}

export interface Processes {
  /** Every process that has to do with this home, and every pid that its files name. */
  readonly list: readonly Process[];
  readonly complete: boolean;
}
