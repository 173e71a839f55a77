import type { Kind } from './home.ts';

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

/** What was seen of a daemon while it gave no answer. */
export interface Silence {
  /** Null where no process of this machine is known to be the daemon. */
  readonly pid: number | null;
  readonly watchedMs: number;
  /** How often the process was looked at in that time. */
  readonly looks: number;
  /** One letter as in proc(5), of its main thread at the last look; null where it could not be seen. */
  readonly state: string | null;
  /** A thread of it ran, or waited for a processor or a disk, at more than one look. */
  readonly runnable: boolean;
  /** Processor time that it used meanwhile. */
  readonly cpuMs: number;
  /** Whether its recovery log was written to. */
  readonly log: boolean;
  /** How late, at worst, this process itself was let run: what it could not watch proves nothing. */
  readonly lateMs: number;
}

/** A health answer; without one, what was seen of the daemon meanwhile. */
export interface HealthAnswer extends Answer<HealthBody> {
  readonly silence?: Silence;
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
  /** The file that it runs was removed or replaced since it started; null where it may not be seen. */
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
