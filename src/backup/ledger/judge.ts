import type { Database } from 'better-sqlite3';
import { codeOf, quote } from './content.ts';

/** What is wrong with a ledger of which everything was read, by what it means for whoever wants to open it. */
export interface Judgement {
  /** Pages, WAL frames or rows: whatever opens such a ledger in place can make it worse. */
  readonly damage: readonly string[];
  /** Indexes that do not agree with their tables. */
  readonly indexes: readonly string[];
  /** The full-text index, which is made of events that are all there. */
  readonly search: readonly string[];
}

/** A ledger with a damaged full-text index alone is sound: `coven vacuum` makes that index again. */
export const isSound = ({ damage, indexes }: Judgement): boolean => damage.length === 0 && indexes.length === 0;

const problemLimit = 20;
const problemLength = 200;

/** Lines of SQLite's integrity check about an index that does not agree with its table. */
const ofIndex =
  /missing from index|wrong # of entries in index|values? in index .* (differs?|mismatch)|non-unique entry in index/;
const ofSearch = /inverted index for FTS5/;

/** Judges a private copy by SQLite's own check, and by reading every column of every row of `tables`. */
export function judge(db: Database, tables: readonly string[]): Judgement {
  const lines = checkIntegrity(db);
  return {
    damage: [
      ...lines.filter((line) => !ofIndex.test(line) && !ofSearch.test(line)),
      ...tables.flatMap((table) => readAll(db, table) ?? []),
    ].slice(0, problemLimit),
    indexes: lines.filter((line) => ofIndex.test(line)),
    search: lines.filter((line) => ofSearch.test(line)),
  };
}

function checkIntegrity(db: Database): readonly string[] {
  const problems: string[] = [];
  try {
    for (const answer of db.prepare(`PRAGMA integrity_check(${problemLimit})`).pluck().iterate()) {
      // One answer may hold many lines, under a heading that names the database.
      for (const line of String(answer).split('\n'))
        if (line !== 'ok' && !line.startsWith('***')) problems.push(line.slice(0, problemLength));
      if (problems.length >= problemLimit) break;
    }
  } catch (error) {
    problems.push(codeOf(error));
  }
  return problems;
}

/** Reads every value of a table; why that failed, or null. */
function readAll(db: Database, table: string): string | null {
  try {
    const columns = db.prepare('SELECT name FROM pragma_table_info(?)').pluck().all(table) as string[];
    // The concatenation makes SQLite fetch the value: length() alone would not follow its overflow pages.
    const touched = columns.map((name) => `length(${quote(name)} || '')`).join(' + ') || '0';
    db.prepare(`SELECT total(${touched}) FROM ${quote(table)} NOT INDEXED`).get();
    return null;
  } catch (error) {
    return `${table}: ${codeOf(error)}`.slice(0, problemLength);
  }
}
