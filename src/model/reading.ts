/** What a reading of the whole ledger is at: its pages, SQLite's check of them, or the rows of its tables. */
export interface Reading {
  readonly at: 'pages' | 'checks' | 'rows';
  /** Of the ledger and its WAL. */
  readonly bytes: number;
  /** How many of them are read now; null where that cannot be counted. */
  readonly read: (() => number) | null;
}
