import type Database from 'better-sqlite3';

/** How a candidate came to be seen, the best first. */
export const origins = [
  /** In the database, in a page that its table leads to, at the place of a row. */
  'tree',
  /** In the database, in a page that nothing leads to. */
  'unreached',
  /** In a page of the database, where no row points: deleted, or lost by its page. */
  'slack',
  /** In a frame that is not what was written. */
  'damaged-frame',
  /** In a free page. */
  'free',
  /** In a version of a page that a later one has replaced. */
  'replaced',
] as const;
export type Origin = (typeof origins)[number];

/** One row of the scratch table `candidate`, in its order. */
export type CandidateRow = readonly [
  table: number,
  rowid: number,
  /** Its place among `origins`. */
  origin: number,
  /** Later versions are higher. */
  rank: number,
  /** 0 for the main file, 1 for the WAL. */
  file: number,
  /** Where its page begins. */
  at: number,
  /** Where in it the cell does. */
  cell: number,
  /** Which overflow chain: of the database, of the main file alone, or with pages of older frames (see `Copies`). */
  chain: number,
  /** Of its columns, for each index of its table, and of those that no later version of it changes. */
  hashes: Buffer,
];

/** And of `vote`. */
export type VoteRow = readonly [
  table: number,
  rowid: number,
  index: number,
  hash: number,
  live: number,
  file: number,
  at: number,
  cell: number,
];

/** What was seen, on disk: candidates and votes are as many as the rows of a ledger and of its indexes. */
export interface Scratch {
  readonly addCandidate: (...row: CandidateRow) => void;
  readonly addVote: (...row: VoteRow) => void;
  readonly db: Database.Database;
}

export function makeTables(db: Database.Database): Scratch {
  db.pragma('journal_mode = OFF');
  db.pragma('synchronous = OFF');
  db.pragma('locking_mode = EXCLUSIVE');
  db.pragma('cache_size = -16000');
  db.pragma('temp_store = FILE');
  db.exec(`
    CREATE TABLE candidate(tbl INTEGER, row INTEGER, origin INTEGER, rank INTEGER, file INTEGER, at INTEGER, cell INTEGER,
      chain INTEGER, hashes BLOB);
    CREATE TABLE vote(tbl INTEGER, row INTEGER, ix INTEGER, hash INTEGER, live INTEGER, file INTEGER, at INTEGER, cell INTEGER);
    CREATE TABLE winner(tbl INTEGER, row INTEGER, file INTEGER, at INTEGER, cell INTEGER, chain INTEGER, origin INTEGER);
    CREATE TABLE missing(tbl INTEGER, row INTEGER, what TEXT, why TEXT);
    CREATE TABLE orphan(tbl INTEGER, row INTEGER, file INTEGER, at INTEGER, cell INTEGER, chain INTEGER);
    CREATE TABLE named(tbl INTEGER, row INTEGER, ix INTEGER, file INTEGER, at INTEGER, cell INTEGER);
  `);
  const candidate = db.prepare('INSERT INTO candidate VALUES (?,?,?,?,?,?,?,?,?)');
  const vote = db.prepare('INSERT INTO vote VALUES (?,?,?,?,?,?,?,?)');
  db.exec('BEGIN');
  return {
    db,
    addCandidate: (...row) => void candidate.run(...row),
    addVote: (...row) => void vote.run(...row),
  };
}
