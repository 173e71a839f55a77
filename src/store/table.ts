import type { Database } from 'better-sqlite3';
import type { TableReading } from '../model/observation.ts';
import { codeOf, quote } from '../sqlite/names.ts';
import { refuseViews } from '../sqlite/ordinary.ts';

/** Rows are read in runs of about this long, each a transaction of its own. */
const runMs = 20;

const [minRowid, maxRowid] = [-(2n ** 63n), 2n ** 63n - 1n];

/** Counts the rows of a table whose pages SQLite found whole. */
export function countRows(db: Database, table: string): TableReading {
  try {
    refuseViews(db, [table]);
    const rows = Number(
      db
        .prepare(`SELECT count(*) FROM ${quote(table)}`)
        .pluck()
        .get(),
    );
    return {
      table,
      rowsRead: rows,
      rowsAbout: rows,
      complete: true,
      problem: null,
    };
  } catch (error) {
    return unread(table, error);
  }
}

const unread = (table: string, error: unknown): TableReading => ({
  table,
  rowsRead: 0,
  rowsAbout: null,
  complete: false,
  problem: codeOf(error),
});

/**
 * Reads every value of every row until the end of the table, the budget or a fault; after a fault from the other end
 * too, so that what is left to save is counted from both sides.
 */
export function readRows(db: Database, table: string, isOver: () => boolean): TableReading {
  let rowsAbout: number | null = null;
  try {
    refuseViews(db, [table]);
    const columns = db.prepare('SELECT name FROM pragma_table_info(?)').pluck().all(table) as string[];
    // The concatenation makes SQLite fetch the value itself: length() alone would not follow its overflow pages.
    const touch = columns.map((name) => `length(${quote(name)} || '')`).join(' + ') || '0';
    if (!hasRowid(db, table)) return withoutRowid(db, table, touch);
    rowsAbout = Number(
      db
        .prepare(`SELECT max(rowid) FROM ${quote(table)}`)
        .pluck()
        .get() ?? 0,
    );
    const up = readFrom(db, table, touch, isOver, 'ASC');
    if (up.problem === null) return { table, ...up, rowsAbout: up.complete ? up.rowsRead : rowsAbout };
    const down = readFrom(db, table, touch, isOver, 'DESC');
    return {
      table,
      rowsRead: up.rowsRead + down.rowsRead,
      // The largest rowid of a damaged table is any number.
      rowsAbout: null,
      complete: false,
      problem: up.problem,
    };
  } catch (error) {
    return unread(table, error);
  }
}

function readFrom(
  db: Database,
  table: string,
  touch: string,
  isOver: () => boolean,
  order: 'ASC' | 'DESC',
): Pick<TableReading, 'rowsRead' | 'complete' | 'problem'> {
  const [aggregate, beyond, start] =
    order === 'ASC' ? (['max', '>', minRowid] as const) : (['min', '<', maxRowid] as const);
  const run = db.prepare(
    `SELECT ${aggregate}(id) AS last, count(*) AS n, total(touched) FROM
       (SELECT rowid AS id, ${touch} AS touched FROM ${quote(table)} WHERE rowid ${beyond} ? ORDER BY rowid ${order} LIMIT ?)`,
  );
  let rowsRead = 0;
  let last: number | bigint = start;
  for (let size = 16; ; ) {
    const began = performance.now();
    if (isOver()) return { rowsRead, complete: false, problem: null };
    try {
      const row = run.get(last, size) as { last: number | null; n: number };
      rowsRead += row.n;
      if (row.last === null || row.n < size) return { rowsRead, complete: true, problem: null };
      // Where pages lead back to others, rows come again and again.
      if (order === 'ASC' ? row.last <= last : row.last >= last)
        return { rowsRead, complete: false, problem: outOfOrder };
      last = row.last;
      size = Math.max(1, Math.min(4096, Math.round((size * runMs) / Math.max(1, performance.now() - began))));
    } catch (error) {
      if (size === 1) return { rowsRead, complete: false, problem: codeOf(error) };
      size = size >> 2 || 1;
    }
  }
}

function hasRowid(db: Database, table: string): boolean {
  return db.prepare("SELECT wr FROM pragma_table_list(?) WHERE schema = 'main'").pluck().get(table) === 0;
}

function withoutRowid(db: Database, table: string, touch: string): TableReading {
  const row = db.prepare(`SELECT count(*) AS n, total(${touch}) FROM ${quote(table)}`).get() as { n: number };
  return {
    table,
    rowsRead: row.n,
    rowsAbout: row.n,
    complete: true,
    problem: null,
  };
}

/** SQLite's code for it. */
const outOfOrder = 'SQLITE_CORRUPT';
