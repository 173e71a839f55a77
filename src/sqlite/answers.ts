export interface SqliteDriver {
  readonly driver: 'better-sqlite3' | 'node:sqlite';
  /** Of SQLite. */
  readonly version: string;
}

export interface BytesRequest {
  readonly ledger: string;
  readonly whole: boolean;
  /** Milliseconds for leaf pages of a ledger that is not read whole. */
  readonly leafMs: number;
  /** Milliseconds for all of it. */
  readonly milliseconds: number;
}

export interface RawRowsRequest {
  readonly rowsOf: string;
  /** The session whose events are read; null for the sessions alone. */
  readonly session: string | null;
  /** First `seq` that is wanted, and how many events. */
  readonly fromSeq: number;
  readonly limit: number;
  readonly milliseconds: number;
}

export interface RawRows {
  readonly sessions: readonly RawSession[];
  readonly replay: SessionReplay | null;
  /** Why the reading ended early: an errno, `moving`, `overran`; `no-database`, `no-table`. Null where it did not. */
  readonly code: string | null;
}

/** Columns that every release has. */
export interface RawSession {
  readonly id: string;
  readonly projectRoot: string;
  readonly harness: string;
  readonly title: string;
  readonly status: string;
  readonly exitCode: number | null;
  readonly createdAt: string;
  readonly updatedAt: string;
}

/** A part of what a session said and was told, in its order. */
export interface SessionReplay {
  /** A few events before and after that part: what a secret that goes over its ends is known by. */
  readonly before: readonly ReplayEvent[];
  readonly events: readonly ReplayEvent[];
  readonly after: readonly ReplayEvent[];
  /** All events of the session; null where they could not be counted. */
  readonly total: number | null;
  /** Why events may be missing: SQLite's code; null where none is. */
  readonly code: string | null;
}

export interface ReplayEvent {
  /** Its rowid, by which Coven's API pages. */
  readonly seq: number;
  readonly kind: string;
  readonly at: string;
  /** Null where it is longer than is told. */
  readonly payload: string | null;
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

export interface Judgement {
  /** Every page, frame and row was read, and nothing is wrong with any, but for the full-text index. */
  readonly sound: boolean;
  /** At most 20 of each kind. */
  readonly reasons: readonly Reason[];
  /** Rows of each table that can be read whole; null where one cannot. */
  readonly tables: readonly { readonly table: string; readonly rows: number | null }[];
}
