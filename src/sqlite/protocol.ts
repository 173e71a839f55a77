/** What the judging program is asked, as the one line of its standard input. */
export interface JudgeRequest {
  /** Absolute path of a private copy of a ledger, with its WAL beside it, which nobody else has open. */
  readonly copy: string;
}

/** Or what the bytes of a ledger say that somebody else has open and pinned; the answer is a StoreBytes. */
export interface BytesRequest {
  readonly ledger: string;
  readonly whole: boolean;
  /** Milliseconds for leaf pages of a ledger that is not read whole. */
  readonly leafMs: number;
  /** Milliseconds for all of it. */
  readonly milliseconds: number;
}

/** Why a ledger is not sound. */
export interface Reason {
  readonly kind: /** The file is absent, no database, or cannot be read. */
    | 'unreadable'
    /** Commits in the WAL that SQLite does not see, and which the next opener destroys. */
    | 'wal-damaged'
    /** The WAL goes on from another ledger, or from another state of this one. */
    | 'wal-foreign'
    /** The page map contradicts itself. */
    | 'pages'
    /** SQLite's own integrity check. */
    | 'integrity'
    /** An index that does not agree with its table. */
    | 'index'
    /** The full-text index, which is made of events that are all there: such a ledger is sound. */
    | 'search'
    /** A table whose rows cannot all be read. */
    | 'rows';
  /** A sentence without its full stop. */
  readonly text: string;
}

/** The one line that it says. */
export interface Judgement {
  /** Every page, frame and row was read, and nothing is wrong with any, but for the full-text index. */
  readonly sound: boolean;
  /** At most 20 of each kind. */
  readonly reasons: readonly Reason[];
  /** Rows of each table that can be read whole; null where one cannot. */
  readonly tables: readonly { readonly table: string; readonly rows: number | null }[];
}
