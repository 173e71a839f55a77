import type { Kind } from './home.ts';

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
  /** A rollback journal. Coven's ledgers have none, once they are made. */
  readonly journal: LedgerFile;
  /** How many pages it would put back, and how many the ledger then has; null where it would put none back. */
  readonly hotJournal: { readonly pages: number; readonly ledgerPages: number } | null;
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
  /**
   * How the ledger was read: in place beside its owner, through a private hard link, a clone or a copy; `pages`: a copy of
   * the pages of all tables but the events, where the whole is too large to be copied.
   */
  readonly way: 'in-place' | 'link' | 'clone' | 'copy' | 'pages' | null;
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
  readonly search: {
    readonly rows: number;
    readonly indexed: number;
    readonly damaged: boolean;
    /**
     * Whether the words of every event are those of the index: where not, the index is damaged, or the text of the events.
     * Null where they were not compared.
     */
    readonly agrees: boolean | null;
    /** Events whose words differ; null where they were not counted. */
    readonly differing: number | null;
  } | null;
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

/** What the bytes of the ledger's files say, read without SQLite, which passes over much of it without a word. */
export interface StoreBytes {
  readonly outcome: 'read' | 'not-read';
  /** Why they were not read: an errno, `moving` where they changed meanwhile, `overran`, `no-database`, `not-asked`. */
  readonly code: string | null;
  /** Null where there is no WAL, or an empty one. */
  readonly wal: WalBytes | null;
  /** Frames of commits that shared memory knows, and that are gone from the WAL and in no main file yet. */
  readonly lostFrames: number;
  readonly map: PageBytes | null;
}

export interface WalBytes {
  /** `noise`: not one frame carries its checksum. `headless`: frames do, and the header does not. */
  readonly state: 'sound' | 'headless' | 'noise';
  /** Sound frames of the generation that counts. */
  readonly frames: number;
  /** Every frame was read. */
  readonly complete: boolean;
  /** Commits that SQLite takes. */
  readonly visibleCommits: number;
  /** Sound commits behind a damaged frame or header: SQLite does not see them, and the next opener destroys them. */
  readonly hiddenCommits: number;
  /** The number of that frame, from 0. */
  readonly firstDamaged: number | null;
  /** Commits at the end whose own frame is damaged. */
  readonly tornCommits: number;
  /** It goes on from another ledger, or another state of this one; null where no row could be compared. */
  readonly foreign: boolean | null;
}

export interface PageBytes {
  readonly pageSize: number;
  /** Pages of the ledger with its WAL. */
  readonly pages: number;
  readonly pagesRead: number;
  /** Every pointer between interior pages and of the freelist was followed. */
  readonly mapped: boolean;
  /** Every page was read. */
  readonly whole: boolean;
  /** The first ones; `problemCount` counts all. */
  readonly problems: readonly PageProblem[];
  readonly problemCount: number;
  /** Sessions and events, where every page was read. */
  readonly tables: readonly ReadableRows[];
}

export interface PageProblem {
  /** One of `schema`, `beyond-end`, `twice`, `unreadable`, `page`, `order`, `chain`, `record`, `freelist`, `unowned`. */
  readonly kind: string;
  readonly text: string;
  /** The table that it is about, or whose index it is about; null where it is about none, or several. */
  readonly table: string | null;
  /** It concerns the full-text index alone, which can be built anew from the events. */
  readonly search: boolean;
}

/** Rows whose every byte was found where it belongs. */
export interface ReadableRows {
  readonly table: string;
  readonly rows: number;
  /** Rows that the table has, by its index or by the rows of its other pages; null where neither tells. */
  readonly about: number | null;
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

/** What the real Coven said of a private copy of the ledger. */
export interface StoreRehearsal {
  /**
   * `opened`: it opened the copy. `refused`: it ended with an error. `crashed`: a signal or a panic ended it. `overran`: it
   * did not end in time. `not-run`: `reason` says why it was not asked.
   */
  readonly outcome: 'opened' | 'refused' | 'crashed' | 'overran' | 'not-run';
  readonly reason: string | null;
  /** Of the Coven that was run. */
  readonly version: string | null;
  /** Its own words where it refused, without secrets; or the signal or exit code that ended it. */
  readonly said: string | null;
  /** Why no session and event can be written to the copy that it opened; null where they can, or that was not tried. */
  readonly unwritable: string | null;
  /** The ledger holds events, and the full-text index that Coven made or found in the copy holds none. */
  readonly searchEmpty: boolean;
  /** No network was there for it. */
  readonly isolated: boolean;
}
