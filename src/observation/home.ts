export interface Machine {
  /** Wall clock of the run's start, the only "now" that a check may use. */
  readonly now: string;
  /** As Node names it: `linux`, `darwin`. */
  readonly platform: string;
  readonly uid: number;
  /** The user behind sudo, where the run was started by it. */
  readonly sudoUid: number | null;
  readonly bootId: string | null;
  /** As the link /proc/self/ns/pid names it; null where there is none. */
  readonly pidNamespace: string | null;
  /** False where processes or locks of this machine may be hidden: another pid namespace, hidepid, no /proc. */
  readonly seesEveryProcess: boolean;
}

export type Kind = 'file' | 'directory' | 'symlink' | 'socket' | 'fifo' | 'device';

export interface Home {
  readonly path: string;
  readonly source: 'option' | 'environment' | 'default';
  readonly kind: Kind | 'absent';
  readonly utf8: boolean;
  /** Bytes of `<coven-home>/coven.sock`, canonical where the home exists, as Coven binds it. */
  readonly socketPathBytes: number;
  readonly mode: number | null;
  readonly uid: number | null;
  /** Device and inode as decimal text: inodes pass 2^53. */
  readonly dev: string | null;
  readonly ino: string | null;
  readonly listable: boolean;
  /** Of an absent home: it can be made, in the nearest folder above it that there is. */
  readonly writable: boolean;
}

export interface Entry {
  /** Path below the home, `/` between parts. */
  readonly name: string;
  readonly kind: Kind;
  readonly mode: number;
  readonly uid: number;
  readonly size: number;
  readonly links: number;
  readonly dev: string;
  readonly ino: string;
  readonly modifiedAt: string;
}

/**
 * A file as it was when it was looked at: what a repair is planned on, and compares again right before it acts. Device
 * and inode are decimal text, sizes bytes, times nanoseconds since the epoch as decimal text.
 */
export interface FileIdentity {
  readonly kind: Kind;
  readonly dev: string;
  readonly ino: string;
  /** Permission bits with setuid, setgid and sticky. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Size and time are null where they do not count: a folder's are changed by what happens beside a repair. */
  readonly size: number | null;
  readonly mtimeNs: string | null;
  /** Of regular files up to 1 MiB that are no part of a ledger, which must not be opened; else null. */
  readonly sha256: string | null;
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

export interface Identities {
  /** By name below the home, `.` for the home itself: what Coven's work rests on, and what is not as it should be. */
  readonly files: Readonly<Record<string, FileIdentity>>;
}

/** What earlier repairs left in `doctor/`. */
export interface Runs {
  /** Runs that were cut off, newest first. */
  readonly unfinished: readonly {
    readonly id: string;
    readonly at: string | null;
    readonly fixes: number;
    /** The name of a file of it that others wrote to or replaced since; null where there is none. */
    readonly changed: string | null;
  }[];
  /** A run, or the folder itself, that others can write to or made; null where all is the user's own. */
  readonly notOurs: string | null;
  /** Why what is there could not be examined, which says nothing of whose it is; null where it was. */
  readonly unexamined: 'platform' | 'other-user' | 'error' | null;
}

export interface Entries {
  readonly list: readonly Entry[];
  /** False where the home holds more entries than are looked at. */
  readonly complete: boolean;
  /** Entries that are there and could not be examined. */
  readonly unreadable: readonly string[];
}

export interface Disk {
  readonly freeBytes: number;
  readonly totalBytes: number;
  readonly freeInodes: number;
  /** 0 where the file system has no inode limit. */
  readonly totalInodes: number;
}

export interface Filesystem {
  readonly type: string;
  readonly readOnly: boolean;
  readonly network: boolean;
  /** Its content ends with the machine's run. */
  readonly inMemory: boolean;
  /** The folder by which a synchronising program is known, or null. */
  readonly syncedBy: string | null;
}

export interface Config {
  readonly files: readonly {
    readonly name: string;
    readonly state: 'parsed' | 'unparsable' | 'too-large' | 'not-a-file' | 'unreadable';
    /** Of the first fault, from 1; null where it is not known. */
    readonly line: number | null;
  }[];
}

export interface LockHolder {
  /** 0 for a process of another pid namespace. */
  readonly pid: number;
  readonly exclusive: boolean;
}

export interface Locks {
  /** `proc-locks` names holders; `none` where the platform shows no locks. */
  readonly method: 'proc-locks' | 'none';
  readonly files: readonly {
    readonly name: string;
    readonly holders: readonly LockHolder[];
  }[];
  /** The process that held SQLite's write lock on the ledger at every look, and for how long that was watched. */
  readonly ledgerWriter: {
    readonly pid: number;
    readonly watchedMs: number;
  } | null;
}
