import type { Database } from 'better-sqlite3';
import type { StoreIntegrity } from '../model/observation.ts';
import { wholeBytes } from '../sqlite/bytes.ts';
import { openInMemory } from '../sqlite/open-to-read.ts';
import { refuseViews } from '../sqlite/ordinary.ts';

/** What SQLite keeps of the index: a row for each event, whose text is in it. */
const docsize = 'events_fts_docsize';

/**
 * The index as Coven 0.4.6 makes it: one column, with the tokenizer that SQLite takes by itself. All of the statement is held against it:
 * names can be quoted in four ways, options shortened, and a comment can say what it likes.
 */
const isOfCoven =
  /^CREATE VIRTUAL TABLE (?:events_fts|"events_fts") USING fts5\(\s*payload_json,\s*content\s*=\s*'events',\s*content_rowid\s*=\s*'rowid'\s*\)\s*$/i;

/** Events whose words are indexed at once; the pages of that index are held in memory. */
const batchEvents = 2000;
/** Sums of words are kept for so many events at most; beyond, several share one. */
const sumLimit = 1 << 22;

export const hasSearch = (db: Database): boolean =>
  db.prepare('SELECT 1 FROM sqlite_schema WHERE name = ?').get(docsize) !== undefined;

/**
 * Throws where the index is made in another way than Coven's: it could ask anything for the text of events, a view as well. Source:
 * https://www.sqlite.org/fts5.html, section 4.4.
 */
export function refuseStrangeSearch(db: Database): void {
  const made = db.prepare("SELECT sql FROM sqlite_schema WHERE name = 'events_fts'").pluck().get();
  if (!isOfCoven.test(String(made)))
    throw Object.assign(new Error("the full-text index is made in another way than Coven's"), { code: 'SQLITE_ERROR' });
  refuseViews(db, ['events', docsize]);
}

/**
 * The full-text index beside its table; null where there is none, as in a ledger of `coven run` alone of old. `damaged`:
 * its own pages or blocks are known to be. `isOver` bounds the comparison of words.
 */
export function readSearch(
  db: Database,
  damaged: boolean,
  bytes: number,
  isOver: () => boolean,
): StoreIntegrity['search'] {
  const count = (table: string): number => Number(db.prepare(`SELECT count(*) FROM ${table}`).pluck().get());
  try {
    if (!hasSearch(db)) return null;
    refuseStrangeSearch(db);
    const rows = count('events');
    // A damaged index may not even be counted.
    if (damaged) return { rows, indexed: 0, damaged, agrees: null, differing: null };
    const indexed = count(docsize);
    const agrees = bytes <= wholeBytes ? doesAgree(db) : null;
    if (agrees) return { rows, indexed, damaged, agrees, differing: 0 };
    const differing = countDiffering(db, isOver);
    // Where each event has its words, what SQLite's check finds wrong is in the rest of the index.
    const isElsewhere = agrees === false && differing === 0 && rows === indexed;
    return {
      rows,
      indexed,
      damaged: isElsewhere,
      agrees: agrees ?? (differing === null ? null : differing === 0 && rows === indexed),
      differing,
    };
  } catch {
    return null;
  }
}

/**
 * SQLite's own check of the index against the text of the events. It is asked for by an INSERT, so that only a database
 * that may be written can be asked: a copy in memory.
 */
function doesAgree(db: Database): boolean {
  const image = db.serialize();
  // The copy has no file for a WAL to be beside. Source: the SQLite file format, sections 1.3.3 and 1.3.4.
  image.fill(1, 18, 20);
  const copy = openInMemory(image);
  try {
    copy.exec("INSERT INTO events_fts(events_fts, rank) VALUES ('integrity-check', 1)");
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && String(error.code).startsWith('SQLITE_CORRUPT')) return false;
    throw error;
  } finally {
    copy.close();
  }
}

/**
 * How many events have other words in the index than in their text; null where that could not be told within the
 * time. Events that the index does not have at all are not among them.
 * Each word of an event adds a number to the event's sum, made of the word and its place; the index takes them away again.
 */
function countDiffering(db: Database, isOver: () => boolean): number | null {
  const last = Number(
    db
      .prepare(
        'SELECT max(rowid) FROM (SELECT max(rowid) AS rowid FROM events UNION ALL SELECT max(id) FROM events_fts_docsize)',
      )
      .pluck()
      .get(),
  );
  const sums = new Int32Array(Math.max(1, Math.min(sumLimit, last + 1)));
  db.pragma('query_only = OFF');
  db.pragma('temp_store = MEMORY');
  db.exec('BEGIN');
  try {
    db.exec(`CREATE VIRTUAL TABLE temp.indexed USING fts5vocab(main, events_fts, instance);
      CREATE VIRTUAL TABLE temp.anew USING fts5(payload_json, content = '');
      CREATE VIRTUAL TABLE temp.words USING fts5vocab(temp, anew, instance)`);
    if (!addWords(db, 'indexed', -1, sums, isOver)) return null;
    const fill = db.prepare(
      `INSERT INTO temp.anew (rowid, payload_json) SELECT rowid, payload_json FROM events
        WHERE rowid > ? AND rowid IN (SELECT id FROM ${docsize}) ORDER BY rowid LIMIT ${batchEvents}`,
    );
    for (let after: number | bigint = -(2n ** 63n); fill.run(after).changes > 0; ) {
      if (!addWords(db, 'words', 1, sums, isOver)) return null;
      after = db.prepare('SELECT max(id) FROM temp.anew_docsize').pluck().get() as number;
      db.exec("INSERT INTO temp.anew (anew) VALUES ('delete-all')");
    }
  } catch {
    return null;
  } finally {
    db.exec('ROLLBACK');
    db.pragma('query_only = ON');
  }
  return sums.reduce((differing, sum) => differing + (sum === 0 ? 0 : 1), 0);
}

/** False where the time ended before. */
function addWords(db: Database, table: string, sign: 1 | -1, sums: Int32Array, isOver: () => boolean): boolean {
  const words = db.prepare(`SELECT term, doc, offset FROM temp.${table}`).raw();
  let [term, ofTerm, read] = ['', 0, 0];
  for (const [word, event, place] of words.iterate() as Iterable<[string, number, number]>) {
    // Words come in their order.
    if (word !== term) [term, ofTerm] = [word, hashOf(word)];
    const at = Math.abs(event) % sums.length;
    const number = Math.imul(ofTerm ^ Math.imul(place + 1, 0x9e3779b1), 0x85ebca6b);
    sums[at] = (sums[at] ?? 0) + sign * ((number ^ (number >>> 15)) | 1);
    read += 1;
    if ((read & 0xffff) === 0 && isOver()) return false;
  }
  return true;
}

/** FNV-1a. */
function hashOf(word: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < word.length; at += 1) hash = Math.imul(hash ^ word.charCodeAt(at), 0x01000193);
  return hash;
}
