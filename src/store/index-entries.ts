import type { Database } from 'better-sqlite3';
import type { IndexComparison, TwoValues } from '../model/observation.ts';
import { quote } from '../sqlite/names.ts';

/** More of them are no bit that flipped, and nobody reads so many. */
const valueLimit = 20;

/**
 * Holds the entries of every index against the rows that they name. An index is compared where SQLite can read its columns
 * from its entries alone: not on an expression, and not of a table without rowids. Throws where a page cannot be read.
 */
export function compareIndexes(db: Database): IndexComparison {
  const indexes = db
    .prepare(
      `SELECT i.name, i.tbl_name AS ofTable, i.sql FROM sqlite_schema AS i
         JOIN pragma_table_list(i.tbl_name) AS t ON t.schema = 'main' AND t.type = 'table' AND t.wr = 0
        WHERE i.type = 'index' ORDER BY i.name`,
    )
    .all() as { name: string; ofTable: string; sql: string | null }[];
  const compared: string[] = [];
  const values: TwoValues[] = [];
  let lostRows = 0;
  for (const { name, ofTable, sql } of indexes) {
    const columns = db
      .prepare('SELECT name FROM pragma_index_xinfo(?) WHERE key = 1 ORDER BY seqno')
      .pluck()
      .all(name) as (string | null)[];
    const named = columns.filter((column) => column !== null);
    const select = named.length === columns.length ? comparison(db, name, ofTable, named, sql) : null;
    if (!select) continue;
    compared.push(name);
    const rows = db.prepare(select).safeIntegers(false).iterate() as Iterable<Record<string, unknown>>;
    for (const row of rows) {
      if (row.there === null) {
        lostRows += 1;
        continue;
      }
      for (const [at, column] of named.entries()) {
        const [inTable, inIndex] = [row[`t${at}`], row[`i${at}`]];
        if (row[`d${at}`] !== 1 || values.length >= valueLimit) continue;
        const shown = { inTable: shownValue(column, inTable), inIndex: shownValue(column, inIndex) };
        values.push({ index: name, table: ofTable, rowid: Number(row.rowid), column, ...shown });
      }
    }
  }
  return { lostRows, values, compared };
}

/** The query for entries that differ from the row that they name; null where it would not read them from the index. */
function comparison(
  db: Database,
  index: string,
  table: string,
  columns: readonly string[],
  sql: string | null,
): string | null {
  const condition = / WHERE (.*)$/is.exec(sql ?? '')?.[1];
  const entries = `SELECT rowid AS r${columns.map((column, at) => `, ${quote(column)} AS c${at}`).join('')}
    FROM ${quote(table)} INDEXED BY ${quote(index)}${condition === undefined ? '' : ` WHERE ${condition}`}`;
  const plan = db.prepare(`EXPLAIN QUERY PLAN ${entries}`).all() as { detail: string }[];
  if (!plan.every(({ detail }) => detail.includes('COVERING INDEX'))) return null;
  const differs = columns.map((column, at) => `i.c${at} IS NOT t.${quote(column)}`);
  const shown = columns.map(
    (column, at) => `t.${quote(column)} AS t${at}, i.c${at} AS i${at}, ${differs[at]} AS d${at}`,
  );
  // OFFSET keeps SQLite from merging the two: a value of the entry would else be read from the row.
  return `SELECT i.r AS rowid, t.rowid AS there, ${shown.join(', ')}
    FROM (${entries} LIMIT -1 OFFSET 0) AS i LEFT JOIN ${quote(table)} AS t NOT INDEXED ON t.rowid = i.r
    WHERE t.rowid IS NULL OR ${differs.join(' OR ')}`;
}

/** Columns whose values are times, numbers and ids: others may hold a title or a path. */
const harmlessColumn = /(^|_)(at|id|seq|status|kind)$/;

function shownValue(column: string, value: unknown): string {
  if (value === null || value === undefined) return 'NULL';
  if (typeof value === 'number') return String(value);
  if (typeof value !== 'string') return 'a blob';
  if (!harmlessColumn.test(column) || value.length > 64) return `a text of ${value.length} characters`;
  return value.replace(/[^\x20-\x7e]/g, '?');
}
