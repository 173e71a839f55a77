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
  readonly 'daemon.health': Answer<HealthBody>;
  readonly 'daemon.capabilities': Answer<readonly string[]>;
  readonly 'daemon.process': DaemonProcess;
  readonly 'daemon.progress': DaemonProgress;
  readonly 'daemon.log': LogStory;
  readonly install: Install;
  readonly 'store.files': StoreFiles;
  readonly 'store.open': StoreOpen;
  readonly 'store.sessions': StoreSessions;
  readonly 'store.integrity': StoreIntegrity;
  readonly 'store.rows': StoreRows;
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
  'store.sessions': 0,
  'store.integrity': 0,
  'store.rows': 0,
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
} & (
  | { readonly ok: true; readonly value: T }
  | {
      readonly ok: false;
      readonly error: { readonly code: string; readonly message: string };
    }
);

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
  readonly unfinished: readonly { readonly id: string; readonly at: string | null; readonly fixes: number }[];
  /** A run, or the folder itself, that others can write to or made; null where all is the user's own. */
  readonly notOurs: string | null;
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

export interface DaemonRecord {
  readonly state: 'absent' | 'valid' | 'invalid' | 'too-large' | 'not-utf8' | 'not-a-file' | 'unreadable';
  readonly pid: number | null;
  readonly startedAt: string | null;
  /** The recorded socket is this home's. */
  readonly socketIsOurs: boolean | null;
  readonly bytes: number | null;
  readonly modifiedAt: string | null;
}

export interface Socket {
  readonly kind: Kind | 'absent';
  readonly mode: number | null;
  readonly uid: number | null;
  /** `silent` accepts a connection and answers nothing; `full` has no room left in its queue. */
  readonly connect: 'absent' | 'refused' | 'accepted' | 'full' | 'denied' | 'too-long' | 'not-tried' | 'failed';
  readonly errno: string | null;
  readonly looks: number;
}

/** An HTTP answer of the daemon: read whole, or why not. */
export interface Answer<T> {
  readonly outcome:
    | 'not-asked'
    | 'answered'
    | 'error-response'
    | 'not-json'
    | 'wrong-shape'
    | 'no-bytes'
    | 'incomplete'
    | 'too-large'
    | 'closed'
    | 'not-http'
    | 'unreachable';
  readonly status: number | null;
  readonly tries: number;
  readonly ms: number;
  /** The structured error's code, where the answer carried one. */
  readonly errorCode: string | null;
  readonly body: T | null;
}

/** What a daemon says of one capability; a list names the contracts that it keeps. */
export type Capability = string | number | boolean | readonly string[] | null;

/** What of a health body is judged; absent or mistyped fields are null. */
export interface HealthBody {
  readonly ok: boolean | null;
  readonly apiVersion: string | null;
  readonly covenVersion: string | null;
  readonly capabilities: Readonly<Record<string, Capability>> | null;
  readonly pid: number | null;
  readonly startedAt: string | null;
  readonly socket: string | null;
  readonly storageStatus: string | null;
  readonly maintenanceBlocked: boolean | null;
  readonly storageError: string | null;
  readonly freeDiskBytes: number | null;
  readonly walBytes: number | null;
  readonly backlogEvents: number | null;
  readonly oldestEventAt: string | null;
  /** When events past their time were last removed. */
  readonly lastPruneAt: string | null;
  readonly writerState: string | null;
  readonly queuedBytes: number | null;
  readonly capacityBytes: number | null;
  readonly droppedEvents: number | null;
}

export interface DaemonProcess {
  readonly pid: number | null;
  /** Open descriptors, and how many it may have; null where they may not be seen. */
  readonly descriptors: number | null;
  readonly limit: number | null;
  /** The file that it runs was removed or replaced since it started. */
  readonly executableGone: boolean | null;
  readonly program: Program | null;
}

/** The program that a process runs: its executable or, under node, its script. */
export interface Program {
  readonly path: string;
  /** Of the npm package that it belongs to, where that is Coven's or this one. */
  readonly version: string | null;
  readonly ours: boolean;
  /** Which `coven` on PATH is of the same installation, as its place in `install`; null for none of them. */
  readonly onPath: number | null;
}

/** A silent daemon, watched: whether it does anything at all. */
export interface DaemonProgress {
  readonly pid: number | null;
  readonly watchedMs: number;
  /** It answered, used the processor or wrote its log meanwhile. */
  readonly answered: boolean;
  readonly cpu: boolean;
  readonly log: boolean;
  /** The unit that looks after it, where there is one. */
  readonly supervisor: { readonly name: string; readonly user: boolean } | null;
}

/** One start of a daemon. Times are as in the log. */
export interface LogStart {
  readonly at: string;
  /** It came to serve. */
  readonly completed: boolean;
  /** A clean stop was written. Coven writes none: there a daemon that stopped looks like one that was killed. */
  readonly stopped: boolean;
  readonly panickedAt: string | null;
  /** When it last wrote anything. */
  readonly lastAt: string;
}

/** What the recovery log tells, from its end as far as it was read. Times are as in the log. */
export interface LogStory {
  readonly bytes: number;
  readonly readBytes: number;
  /** Lines with a time, the last of them, and the bytes of those of the ten minutes before it. */
  readonly lines: number;
  readonly lastAt: string | null;
  readonly burstBytes: number;
  /** Starts, oldest first, each with what was written until the next one. */
  readonly starts: readonly LogStart[];
  /** The last start: how far it got, and whether it came to serve. */
  readonly last: { readonly at: string; readonly phase: string | null; readonly completed: boolean } | null;
  readonly panics: number;
  readonly lastPanicAt: string | null;
  /** What ended the last start, where the log says it. */
  readonly lastError: string | null;
}

export interface Install {
  /** Every `coven` on PATH, first found first; `target` is what it leads to. */
  readonly covens: readonly {
    readonly path: string;
    readonly target: string;
    /** Of the npm package that it belongs to, where that is Coven's or this one. */
    readonly version: string | null;
    readonly ours: boolean;
  }[];
  readonly harnesses: readonly { readonly id: string; readonly path: string | null }[];
}

export interface LedgerFile {
  readonly kind: Kind | 'absent';
  readonly size: number;
  readonly mode: number | null;
  readonly readable: boolean;
}

export interface StoreFiles {
  readonly main: LedgerFile;
  readonly wal: LedgerFile;
  readonly shm: LedgerFile;
  /** `torn`: its header or first frame does not carry its checksum. */
  readonly walState: 'none' | 'valid' | 'torn';
  readonly walPageSize: number | null;
  /** Of the main file's first 100 bytes. `null` where there is no SQLite header. */
  readonly header: {
    readonly pageSize: number;
    readonly pages: number;
    readonly wal: boolean;
    readonly writer: number;
  } | null;
  /** Sessions are known to have existed here: from the recovery log, the WAL, or what sessions leave behind. */
  readonly sessionsExpected: boolean;
}

export type StoreOpenOutcome =
  | 'opened'
  | 'missing'
  | 'empty'
  | 'not-a-file'
  | 'not-a-database'
  | 'malformed'
  | 'unreadable'
  | 'busy'
  | 'forbidden';

export interface StoreOpen {
  readonly outcome: StoreOpenOutcome;
  /** How the ledger was read: in place beside its owner, through a private hard link, a clone or a copy. */
  readonly way: 'in-place' | 'link' | 'clone' | 'copy' | null;
  /** SQLite's result code, or an errno. */
  readonly code: string | null;
  readonly journalMode: string | null;
  readonly tables: readonly string[];
  /** Columns of the core tables that are there. */
  readonly columns: Readonly<Record<string, readonly string[]>>;
  /** The WAL beside it is another ledger's, by the rows that it changes; null where that was not or could not be told. */
  readonly walForeign: boolean | null;
}

export interface SessionRow {
  readonly id: string;
  readonly status: string;
  readonly harness: string;
  readonly createdAt: string;
  readonly updatedAt: string;
  readonly external: boolean;
}

export interface StoreSessions {
  readonly outcome: 'read' | 'not-opened' | 'no-table' | 'failed';
  readonly code: string | null;
  readonly byStatus: Readonly<Record<string, number>>;
  /**
   * The newest 20,000 sessions of the last 30 days, by the day they were made on (UTC, `2026-11-25`) and their status
   * now, oldest first.
   */
  readonly byDay: readonly { readonly day: string; readonly status: string; readonly sessions: number }[];
  /** Rows `created` or `running`, newest first, as they stood at every look. */
  readonly open: readonly SessionRow[];
  readonly openComplete: boolean;
  /** Sessions made in the last 24 hours, and how many of them ended badly. */
  readonly recent: { readonly made: number; readonly failed: number; readonly orphaned: number };
  /** Project folders of the newest sessions, newest first. */
  readonly projects: readonly string[];
  /** Looks at the rows, at least a second apart, after the processes were listed. */
  readonly looks: number;
}

export interface TableReading {
  readonly table: string;
  readonly rowsRead: number;
  /** Largest rowid, as the measure of how far the reading got; null where it could not be told. */
  readonly rowsAbout: number | null;
  readonly complete: boolean;
  readonly problem: string | null;
}

export interface StoreIntegrity {
  readonly outcome: 'read' | 'not-opened';
  readonly depth: 'bounded' | 'whole';
  readonly complete: boolean;
  readonly tables: readonly TableReading[];
  /** Lines of SQLite's own integrity check, bounded. */
  readonly problems: readonly string[];
  /** Lines of that check about indexes that do not agree with their tables. */
  readonly indexProblems: readonly string[];
  /** Rows of `events` and of its full-text index; null where there is none, or pages were not checked whole. */
  readonly search: { readonly rows: number; readonly indexed: number; readonly damaged: boolean } | null;
}

/** How many rows a table of the ledger has, and between which rowids; null where it has no rows or no rowids. */
export interface TableRows {
  readonly table: string;
  readonly rows: number;
  readonly firstRowid: number | null;
  readonly lastRowid: number | null;
  /** Of sessions and events, by rowid: the first, the last ones, and fewer the longer ago. */
  readonly sample: readonly SampledRow[];
}

/** A row that is known again by its id. */
export interface SampledRow {
  readonly rowid: number;
  readonly id: string;
  /** When it was made, as the ledger says. */
  readonly at: string;
}

/** What is compared over an upgrade. Counting reads every table, so it is asked for by itself. */
export interface StoreRows {
  readonly outcome: 'read' | 'not-opened' | 'failed';
  readonly code: string | null;
  readonly tables: readonly TableRows[];
  /** False where the ledger has more tables than are counted. */
  readonly complete: boolean;
  /** The sessions that changed last, newest first. */
  readonly changed: readonly { readonly id: string; readonly status: string; readonly updatedAt: string }[];
  /** These are all sessions that there are. */
  readonly changedComplete: boolean;
}

/** One file of a project's maintenance gate. */
export interface Lease {
  readonly name: string;
  readonly state: 'valid' | 'malformed' | 'unreadable';
  /** Seconds since 1970, where it is valid. */
  readonly expiresAt: number | null;
  /** The daemon's session that holds it; null for any other holder. */
  readonly sessionId: string | null;
}

export interface Leases {
  readonly projects: readonly {
    readonly path: string;
    /** `remote`: on a network file system, where a look could hang. */
    readonly gate: 'none' | 'read' | 'unreadable' | 'remote';
    /** Who has fenced the project off for maintenance. */
    readonly owner: Lease | null;
    readonly writers: readonly Lease[];
  }[];
}
