import Database from '../child/sqlite.ts';
import { extend, type Likely } from './gaps.ts';
import type { MissingRow, SeqRange } from './report.ts';

/** What is missing of one session. */
export interface Missed {
  readonly lost: number;
  readonly uncertain: number;
  readonly seqs: readonly SeqRange[];
  readonly times: readonly [first: string, last: string] | null;
}

export interface Held {
  readonly events: number;
  readonly seqs: SeqRange;
}

/** What is noted of sessions, on disk: a ledger may have any number of them. Rows come in the order of their seqs. */
export interface SessionNotes {
  readonly miss: (row: MissingRow) => void;
  readonly join: (session: string, likely: Likely) => void;
  /** Events that the rescued ledger has, by session. */
  readonly countHeld: (db: Database.Database) => void;
  /** Whether anything is missing of a session, or most likely is; '' is that of events of no known one. */
  readonly lacks: (session: string) => boolean;
  readonly missedOf: (session: string) => Missed | null;
  readonly likelyOf: (session: string) => Likely | null;
  readonly heldOf: (session: string) => Held | null;
  /** Every session of which something is missing. */
  readonly sessions: () => Iterable<string>;
  readonly close: () => void;
}

export function sessionNotes(): SessionNotes {
  // A database without a name is a file of SQLite's own, which is gone when it is closed.
  const db = new Database('');
  for (const pragma of ['journal_mode = OFF', 'synchronous = OFF', 'cache_size = -8000', 'temp_store = FILE'])
    db.pragma(pragma);
  db.exec(`CREATE TABLE missed(session TEXT, seq INTEGER, what TEXT, time TEXT);
    CREATE INDEX missed_of ON missed(session);
    CREATE TABLE likely(session TEXT, lost INTEGER, unaccounted INTEGER, seqs TEXT);
    CREATE INDEX likely_of ON likely(session);
    CREATE TABLE held(session TEXT PRIMARY KEY, events INTEGER, first INTEGER, last INTEGER) WITHOUT ROWID;
    BEGIN`);
  const miss = db.prepare('INSERT INTO missed VALUES (?,?,?,?)');
  const join = db.prepare('INSERT INTO likely VALUES (?,?,?,?)');
  const hold = db.prepare('INSERT OR IGNORE INTO held VALUES (?,?,?,?)');
  const lacks = db
    .prepare(
      'SELECT EXISTS (SELECT 1 FROM missed WHERE session = ?) OR EXISTS (SELECT 1 FROM likely WHERE session = ?)',
    )
    .pluck();
  const sums = db.prepare(
    `SELECT count(*) FILTER (WHERE what = 'lost') AS lost, count(*) FILTER (WHERE what = 'uncertain') AS uncertain,
            min(time) AS first, max(time) AS last FROM missed WHERE session = ?`,
  );
  const seqs = db.prepare('SELECT seq FROM missed WHERE session = ? ORDER BY rowid').pluck();
  const gaps = db.prepare('SELECT lost, unaccounted, seqs FROM likely WHERE session = ? ORDER BY rowid');
  const held = db.prepare('SELECT events, first, last FROM held WHERE session = ?');
  let isAnything = false;
  return {
    miss: ({ session, rowid, what, time }) => {
      isAnything = true;
      miss.run(session ?? '', rowid, what, time);
    },
    join: (session, { lost, unaccounted, seqs }) => {
      isAnything = true;
      join.run(session, lost, unaccounted, JSON.stringify(seqs));
    },
    countHeld: (from) => {
      const counts = from.prepare(
        'SELECT session_id, count(*), min(rowid), max(rowid) FROM events WHERE session_id IS NOT NULL GROUP BY session_id',
      );
      for (const of of counts.raw().iterate() as IterableIterator<[string, number, number, number]>) hold.run(...of);
    },
    lacks: (session) => isAnything && lacks.get(session, session) === 1,
    missedOf: (session) => {
      const of = sums.get(session) as { lost: number; uncertain: number; first: string | null; last: string | null };
      if (of.lost + of.uncertain === 0) return null;
      const ranges: [number, number][] = [];
      for (const seq of seqs.iterate(session) as IterableIterator<number>) extend(ranges, seq, seq);
      const { lost, uncertain, first, last } = of;
      return { lost, uncertain, seqs: ranges, times: first !== null && last !== null ? [first, last] : null };
    },
    likelyOf: (session) => {
      const found = gaps.all(session) as { lost: number; unaccounted: number; seqs: string }[];
      if (found.length === 0) return null;
      const ranges: [number, number][] = [];
      for (const { seqs } of found)
        for (const [first, last] of JSON.parse(seqs) as SeqRange[]) extend(ranges, first, last);
      const sum = (of: 'lost' | 'unaccounted'): number => found.reduce((total, one) => total + one[of], 0);
      return { lost: sum('lost'), unaccounted: sum('unaccounted'), seqs: ranges };
    },
    heldOf: (session) => {
      const of = held.get(session) as { events: number; first: number; last: number } | undefined;
      return of ? { events: of.events, seqs: [of.first, of.last] } : null;
    },
    sessions: () => db.prepare('SELECT DISTINCT session FROM missed').pluck().iterate() as Iterable<string>,
    close: () => void db.close(),
  };
}
