import type {
  IndexComparison,
  StoreBytes,
  StoreIntegrity,
  StoreOpen,
  StoreRows,
  StoreSessions,
  TwoValues,
} from '../model/observation.ts';
import type { Merged, MergeRequest, RescueProgress, RescueReport, RescueRequest } from '../rescue/report.ts';
import type {
  BytesRequest,
  Judgement,
  RawRows,
  RawRowsRequest,
  SessionReplay,
  SqliteDriver,
} from '../sqlite/answers.ts';
import type { AutomationRows, Content, Newer, StoreInventory, TrialAnswer } from './answers.ts';

interface Job<Request, Answer, Progress = never> {
  readonly request: Request;
  readonly answer: Answer;
  readonly progress: Progress;
}

/** Absolute path of a private copy of a ledger, with its WAL beside it, which nobody else has open. */
type OfCopy = { readonly copy: string };

/** What the program that opens ledgers can be asked; each job is a module of its name in `jobs`. */
export interface Jobs {
  /** Opens a ledger and tells what is in it; then answers questions about it, until its input ends. */
  readonly read: Job<ReadRequest, ReadAnswer, ReadPart>;
  /** What the bytes say of a ledger that somebody else has open and pinned. */
  readonly bytes: Job<BytesRequest, StoreBytes>;
  /** Which sessions, and which events of one, the pages still hold, whatever is damaged. */
  readonly 'raw-rows': Job<RawRowsRequest, RawRows>;
  /** Whether a copy is sound, read whole. */
  readonly judge: Job<OfCopy, Judgement>;
  /** Which SQLite is used. */
  readonly driver: Job<object, SqliteDriver>;
  /** What a copy holds. */
  readonly content: Job<OfCopy, Content>;
  /** A consistent copy of a ledger that others may be writing to; answers what the very same state of it holds. */
  readonly snapshot: Job<{ readonly from: string; readonly to: string }, Content>;
  /** Whether the indexes of a ledger agree with their tables. */
  readonly 'compare-indexes': Job<{ readonly ledger: string }, IndexComparison>;
  /** What a ledger holds that an older one does not. */
  readonly newer: Job<{ readonly ledger: string; readonly than: string }, Newer>;
  /** Brings what the other files of a copy hold into its main file, which is complete by itself then; false where it is not. */
  readonly settle: Job<OfCopy, boolean>;
  /** Makes a mended copy, and proves that it is whole and holds the same rows. */
  readonly mend: Job<MendRequest, { readonly rows: number }>;
  /** Writes to a copy as Coven does, and takes that back. */
  readonly 'try-writing': Job<OfCopy, TrialAnswer>;
  readonly rescue: Job<RescueRequest, RescueReport, RescueProgress>;
  readonly merge: Job<MergeRequest, Merged>;
}
export type JobName = keyof Jobs;

interface Limits {
  /** How its module opens ledgers through SQLite: not at all, to read alone, or private copies to write to. */
  readonly opens: 'nothing' | 'to read' | 'to write';
  /**
   * Bytes. SQLite joins a row with all its values, several times over, and evaluates what a schema says: a ledger, which
   * may be hostile, decides how much memory that takes.
   */
  readonly memoryBytes: number;
}

const mebibyte = 1024 ** 2;

/** A ledger may hold a name or a row of a gigabyte; what is read of a sound one takes a tenth of this. */
const diagnosis = { memoryBytes: 256 * mebibyte };
const whole = { memoryBytes: 1024 * mebibyte };
/** A row may be put together whole, several times over. */
const rescue: Limits = { opens: 'to write', memoryBytes: 2048 * mebibyte };

export const limits: { readonly [N in JobName]: Limits } = {
  read: { opens: 'to read', ...diagnosis },
  bytes: { opens: 'nothing', ...diagnosis },
  'raw-rows': { opens: 'nothing', ...diagnosis },
  driver: { opens: 'to read', ...diagnosis },
  judge: { opens: 'to read', ...whole },
  content: { opens: 'to read', ...whole },
  snapshot: { opens: 'to read', ...whole },
  'compare-indexes': { opens: 'to read', ...whole },
  newer: { opens: 'to read', ...whole },
  settle: { opens: 'to write', ...whole },
  mend: { opens: 'to write', ...whole },
  'try-writing': { opens: 'to write', ...diagnosis },
  rescue,
  merge: rescue,
};

/** A line of its input. */
export interface Asked<N extends JobName> {
  readonly job: N;
  readonly request: Jobs[N]['request'];
}

/** Why a job came to nothing. */
export interface Failure {
  readonly code: string | null;
  /** It may hold words of the ledger. */
  readonly message: string;
}

/** A line of its output: any number of the first for each that is asked, which also show that it is at work; then one of the others. */
export type Line<N extends JobName> =
  | { readonly progress: Jobs[N]['progress'] }
  | { readonly answer: Jobs[N]['answer'] }
  | { readonly failed: Failure };

export type ReadRequest = TimedOpenRequest | { readonly ask: 'sessions' | 'rows' } | InventoryRequest | ReplayRequest;

/** What is asked first. */
export interface OpenRequest {
  readonly ledger: string;
  /** A private folder on the ledger's file system; null to open the ledger in place, beside its owner. */
  readonly scratch: string | null;
  readonly deep: boolean;
  /** Milliseconds for reading rows in the bounded depth. */
  readonly budgetMs: number;
}

/** With the milliseconds for all of it: then the process is ended. */
export interface TimedOpenRequest extends OpenRequest {
  readonly milliseconds: number;
}

/** Of `progress` and `bytes` the last one counts. The bytes come first, or, beside a live owner, after the sessions. */
export type ReadPart =
  | { readonly kind: 'bytes'; readonly bytes: StoreBytes }
  | { readonly kind: 'open'; readonly open: StoreOpen }
  | { readonly kind: 'sessions'; readonly sessions: Omit<StoreSessions, 'looks'> }
  /** Where there are any. */
  | { readonly kind: 'automations'; readonly automations: AutomationRows }
  | {
      readonly kind: 'progress';
      /** What is read now: SQLite checks the pages, or every row of every table is read. */
      readonly at: 'pages' | 'rows';
      readonly found: Pick<StoreIntegrity, 'tables' | 'problems' | 'indexProblems'>;
    };

/** `unopened`: it was told as `open` before. */
export type ReadAnswer =
  | { readonly kind: 'unopened' }
  | { readonly kind: 'integrity'; readonly integrity: StoreIntegrity }
  | { readonly kind: 'sessions'; readonly sessions: Omit<StoreSessions, 'looks'> }
  | { readonly kind: 'rows'; readonly rows: StoreRows }
  | { readonly kind: 'inventory'; readonly inventory: StoreInventory }
  | { readonly kind: 'replay'; readonly replay: SessionReplay };

/** What support needs of a ledger beyond what checks rest on. */
export interface InventoryRequest {
  readonly inventory: {
    /** Titles and labels as they are, which may hold a prompt. */
    readonly titles: boolean;
    /** The session whose events are told with their payloads. */
    readonly eventsOf: string | null;
    /** Milliseconds of CPU time for counting events. */
    readonly budgetMs: number;
  };
}

/** A part of what a session said and was told. */
export interface ReplayRequest {
  readonly replay: {
    readonly session: string;
    readonly fromSeq: number;
    readonly limit: number;
  };
}

export type { RawRows, RawRowsRequest, ReplayEvent, SessionReplay } from '../sqlite/answers.ts';
export type {
  AutomationRow,
  AutomationRows,
  Newer,
  SessionEvents,
  SessionRecord,
  StoreInventory,
  Told,
  TrialAnswer,
} from './answers.ts';

/** `into` becomes a mended copy of `source`, which nobody has open. */
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
