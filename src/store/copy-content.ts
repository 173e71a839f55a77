import { createHash } from 'node:crypto';
import type { Database } from 'better-sqlite3';
import { codeOf, quote } from '../sqlite/names.ts';
import { openToRead } from '../sqlite/open-to-read.ts';
import { refuseViews } from '../sqlite/ordinary.ts';
import { type Content, unopened } from './answers.ts';

const tableLimit = 500;

/** Milliseconds to wait for a writer in exclusive mode. */
export const writerMs = 2000;

/** What a ledger holds, or why it does not open. */
export function contentOf(ledger: string): Content {
  let db: Database;
  try {
    db = openToRead(ledger, writerMs);
  } catch (error) {
    return unopened(codeOf(error));
  }
  try {
    return rowsOf(db);
  } finally {
    db.close();
  }
}

/** What an open ledger holds: rows of every table that keeps some, and a hash of every value of sessions and events. */
export function rowsOf(db: Database): Content {
  let names: readonly string[];
  try {
    names = db
      .prepare(`SELECT name FROM sqlite_schema WHERE type = 'table' AND rootpage > 0 ORDER BY name LIMIT ${tableLimit}`)
      .pluck()
      .all() as string[];
  } catch (error) {
    return unopened(codeOf(error));
  }
  return {
    problem: null,
    tables: names.map((name) => ({ name, ...count(db, name) })),
    sessions: names.includes('sessions') ? hashOf(db, 'sessions') : null,
    events: names.includes('events') ? hashOf(db, 'events') : null,
  };
}

function count(db: Database, table: string): { readonly rows: number | null; readonly problem: string | null } {
  try {
    refuseViews(db, [table]);
    const rows = db
      .prepare(`SELECT count(*) FROM ${quote(table)}`)
      .pluck()
      .get();
    return { rows: Number(rows), problem: null };
  } catch (error) {
    return { rows: null, problem: codeOf(error) };
  }
}

/**
 * sha256 over type, length and bytes of every value in order of rowid, which is an event's `seq`; null where a row
 * cannot be read. Joined by SQLite, which passes bytes that are no UTF-8 on as they are.
 */
function hashOf(db: Database, table: string): string | null {
  try {
    refuseViews(db, [table]);
    const columns = db.prepare('SELECT name FROM pragma_table_info(?)').pluck().all(table) as string[];
    const values = ['rowid', ...columns.map(quote)].map(
      (column) =>
        `substr(typeof(${column}), 1, 1) || coalesce(length(CAST(${column} AS BLOB)), '') || ':' || coalesce(${column}, '')`,
    );
    const rows = db
      .prepare(`SELECT CAST(${values.join(' || ')} AS BLOB) FROM ${quote(table)} ORDER BY rowid`)
      .pluck()
      .iterate() as IterableIterator<Buffer>;
    const hash = createHash('sha256');
    for (const row of rows) hash.update(row);
    return hash.digest('hex');
  } catch {
    return null;
  }
}
