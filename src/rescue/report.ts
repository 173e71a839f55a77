import type { ForeignRows } from './foreign-rows.ts';

export interface RescueRequest {
  /** Absolute path of the damaged main file; a WAL lies beside it. Neither is changed, nor opened through SQLite. */
  readonly ledger: string;
  /** A private folder for what is too much for memory, with room for twice the ledger. */
  readonly scratch: string;
  /** Where the rescued ledger is written: a path where nothing is. */
  readonly output: string;
}

/** Rows of another ledger, rescued like the first, are put into a rescued one. */
export interface MergeRequest {
  /** The rescued ledger that they are put into. */
  readonly into: string;
  /** The other one, which was rescued into a file of ours, too. */
  readonly from: string;
  /** The scratch of the first rescue: it holds what that ledger still names. */
  readonly scratch: string;
  /** Sessions that are wanted whole, whatever the first ledger names: whoever asks knows that nobody deleted them. */
  readonly sessions: readonly string[];
  /** What earlier rescues of this ledger lost, as their runs keep it. It was not deleted. */
  readonly recorded: readonly RecordedLoss[];
  /** The first rescue told what nothing names: at most so many events; null where it named each. */
  readonly unaccounted: number | null;
}

/** Events that a rescue lost, by seq. */
export interface RecordedLoss {
  /** Empty where it is not known whose they were. */
  readonly session: string;
  readonly seqs: readonly SeqRange[];
  /** Its own row was lost, too. */
  readonly row: boolean;
}

/** What came of a merge. A session counts once, whatever of it came. */
export interface MergeReport {
  /**
   * `fill`: both are of one history, and only rows that the damaged ledger still names were taken, since others may have been
   * deleted on purpose. `join`: they have no session and no event in common, so that all of the other one was taken.
   */
  readonly way: 'fill' | 'join';
  readonly sessions: number;
  /** Those whose own row came. */
  readonly rows: number;
  readonly events: number;
  /** Events that got a new seq, since theirs was taken. */
  readonly moved: number;
  /** What was taken, by session: at most 10,000 of them. */
  readonly taken: readonly {
    readonly session: string;
    /** Its own row came, too. */
    readonly row: boolean;
    readonly events: number;
    readonly lost: number;
    readonly uncertain: number;
    /** Events that an earlier rescue lost. */
    readonly recorded: number;
  }[];
  /** Rows that were lost or uncertain and are filled, by table. */
  readonly filled: readonly {
    readonly table: string;
    readonly rows: number;
    readonly lost: number;
    readonly uncertain: number;
  }[];
  /** Sessions and events of the other ledger that the first does not name: deleted since, or lost without a trace. */
  readonly leftOut: {
    readonly sessions: number;
    readonly events: number;
    /** Sessions of which a row was left out. */
    readonly ids: readonly string[];
  };
  /** Sessions that were wanted, and that the other ledger does not hold. */
  readonly unknown: readonly string[];
  readonly checks: RescueReport['checks'];
  readonly bytes: number;
}

/** What is not in a rescued ledger. */
export type LeftOut = Pick<
  RescueReport,
  'sessions' | 'omittedSessions' | 'incompleteSessions' | 'placeholders' | 'missing' | 'unaccounted'
>;

/** What came of a merge, and what is still missing then. */
export interface Merged {
  readonly merge: MergeReport;
  readonly left: LeftOut;
}

export interface RescueProgress {
  readonly phase: 'read' | 'decide' | 'write' | 'index' | 'check';
  readonly done: number;
  readonly of: number;
}

export interface TableReport {
  readonly table: string;
  readonly rescued: number;
  /** Rows that indexes name and that no page holds. */
  readonly lost: number;
  /** Rows that are there, and that something contradicts: left out. */
  readonly uncertain: number;
}

/** Consecutive seqs, from the first to the last. */
export type SeqRange = readonly [first: number, last: number];

export interface SessionReport {
  readonly id: string;
  readonly title: string | null;
  readonly status: string | null;
  /** Its own row is lost: what stands for it is made of its id and the times of its events. */
  readonly placeholder: boolean;
  readonly rescued: number;
  readonly seqs: SeqRange | null;
  readonly lost: number;
  readonly uncertain: number;
  /** At most 50, of events that are lost or uncertain. */
  readonly missingSeqs: readonly SeqRange[];
  /** Of events that are lost or uncertain, as far as an index tells. */
  readonly missingTimes: readonly [first: string, last: string] | null;
  /** Events that have one of this session on either side, and of which nothing says whose they are: most likely its, too. */
  readonly likely: {
    /** Events that an index names, and that are lost or uncertain. */
    readonly lost: number;
    /** Seqs that nothing names: lost without a trace, or deleted. */
    readonly unaccounted: number;
    /** The first of both. */
    readonly seqs: readonly SeqRange[];
  } | null;
  /** Its row says that it ran, none of its events is there, and some may be lost without a trace. */
  readonly eventless: boolean;
}

/** A row that is not in the rescued ledger, with what indexes still say of it. */
export interface MissingRow {
  readonly table: string;
  readonly rowid: number;
  readonly what: 'lost' | 'uncertain';
  readonly why: string;
  readonly id: string | null;
  readonly session: string | null;
  readonly time: string | null;
}

export interface RescueReport {
  readonly source: {
    readonly mainBytes: number;
    readonly walBytes: number;
    readonly pageSize: number;
    /** Pages of the database that are not what their tree says. */
    readonly damagedPages: number;
    readonly damagedFrames: number;
    /** The WAL belongs to another ledger, or to another state of this one: nothing of it was taken. */
    readonly foreignWal: boolean;
    /** What that WAL holds and the rescued ledger does not: rows of another ledger, or lost ones of this one. Null where none was left out. */
    readonly foreignRows: ForeignRows | null;
    /** Committed frames that shared memory counts and that are gone: what they held is not known. */
    readonly lostFrames: number;
    readonly schema: 'read' | 'in part';
  };
  readonly tables: readonly TableReport[];
  /** At most 10,000 of them: those that lack something, or may, before the others. */
  readonly sessions: readonly SessionReport[];
  /** Sessions that are not in this list. */
  readonly omittedSessions: number;
  /** All that lack something, or may, in the list or not. */
  readonly incompleteSessions: number;
  /** The first of them; `tables` counts all. */
  readonly missing: readonly MissingRow[];
  /**
   * Events that nothing names, told by the seqs between those that are: Coven numbers them one after the other. Some may have
   * been deleted with their session. Null where an index of the events is whole, which names each.
   */
  readonly unaccounted: {
    /** At most so many. */
    readonly events: number;
    /** The first ranges. */
    readonly seqs: readonly SeqRange[];
    /** The last seq that is seen. Of events after it nothing is known. */
    readonly last: number | null;
  } | null;
  readonly lost: number;
  readonly uncertain: number;
  readonly placeholders: number;
  /** Tables, indexes, triggers and views that could not be made again. */
  readonly refused: readonly { readonly name: string; readonly why: string }[];
  readonly checks: {
    readonly integrity: readonly string[];
    readonly foreignKeys: number;
    readonly search: string | null;
  };
  /** Nothing contradicts that all that was committed is there. */
  readonly complete: boolean;
  /** What may be lost without a trace; empty where nothing may. */
  readonly doubts: readonly string[];
  readonly bytes: number;
  /** What came from another ledger; absent where none was named. */
  readonly merge?: MergeReport;
}
