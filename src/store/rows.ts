import type { Database } from 'better-sqlite3';
import type { SampledRow, StoreRows, TableRows } from '../model/observation.ts';
import { countRows as countInBytes } from '../sqlite/count.ts';
import { isLarge } from '../sqlite/extract.ts';
import { codeOf, quote } from '../sqlite/names.ts';
import { whole, wholeValue } from '../sqlite/whole.ts';

/** A ledger of Coven 0.4.6 has 50 tables. */
const tableLimit = 200;

/** Sessions of so many are told by their status; those that an upgrade can change are the ones that were open. */
const changedLimit = 2000;

/** Tables whose rows are known by ids, and how many of each density are taken: the last ones, every second, every fourth… */
const sampledTables = ['sessions', 'events'];
const sampleSize = 64;

/**
 * Counts the rows of every table; tables that SQLite keeps for itself or for an index say nothing of their own. Where `db`
 * is a copy without the rows of large tables, these are counted in the bytes of the ledger itself.
 */
export function readRows(db: Database, ledger: string | null): StoreRows {
  const none = { tables: [], complete: false, changed: [], changedComplete: false };
  try {
    const tables = db
      .prepare(
        `SELECT name, wr AS withoutRowid FROM pragma_table_list
          WHERE schema = 'main' AND type = 'table' AND name NOT LIKE 'sqlite!_%' ESCAPE '!' AND length(name) <= 64
          ORDER BY name NOT IN ('sessions', 'events'), name LIMIT ${tableLimit + 1}`,
      )
      .all() as { name: string; withoutRowid: number }[];
    const names = tables.map(({ name }) => name);
    const changed = names.includes('sessions') ? readChanged(db) : [];
    return {
      outcome: 'read',
      code: null,
      tables: tables
        .slice(0, tableLimit)
        .map(({ name, withoutRowid }) =>
          ledger !== null && isLarge(name) ? countElsewhere(db, name, ledger) : countRows(db, name, withoutRowid === 0),
        ),
      complete: tables.length <= tableLimit,
      changed: changed.slice(0, changedLimit),
      changedComplete: changed.length <= changedLimit,
    };
  } catch (error) {
    const code = codeOf(error);
    return { ...none, outcome: 'failed', code };
  }
}

function countRows(db: Database, table: string, hasRowid: boolean): TableRows {
  const name = quote(table);
  const range = hasRowid ? 'min(rowid), max(rowid)' : 'NULL, NULL';
  const counted = db.prepare(`SELECT count(*), ${range} FROM ${name}`).raw().get() as [
    number,
    number | null,
    number | null,
  ];
  const [rows, firstRowid, lastRowid] = counted;
  const isSampled = sampledTables.includes(table) && firstRowid !== null && lastRowid !== null;
  return { table, rows, firstRowid, lastRowid, sample: isSampled ? sampleRows(db, name, firstRowid, lastRowid) : [] };
}

/** The same of a table whose rows `db` does not have. */
function countElsewhere(db: Database, table: string, ledger: string): TableRows {
  const names = db.prepare('SELECT name FROM pragma_table_info(?) ORDER BY cid').pluck().all(table);
  const columns = [names.indexOf('id'), names.indexOf('created_at')];
  return countInBytes(
    ledger,
    table,
    () => false,
    ({ rows, first, last, rowAt }) => ({
      table,
      rows,
      firstRowid: first,
      lastRowid: last,
      sample: rowidsBetween(first, last).flatMap((rowid): readonly SampledRow[] => {
        const values = rowAt(rowid, columns);
        const [id, at] = [wholeValue(values?.[0], 200), wholeValue(values?.[1], 40)];
        return values ? [{ rowid, id, at } as SampledRow] : [];
      }),
    }),
  );
}

/** A sample of rows, by their ids. */
function sampleRows(db: Database, name: string, first: number, last: number): readonly SampledRow[] {
  const select = db.prepare(
    `SELECT rowid, ${whole('id', 200)}, ${whole('created_at', 40, 'at')} FROM ${name} WHERE rowid = ?`,
  );
  return rowidsBetween(first, last).flatMap((rowid) => (select.get(rowid) as SampledRow | undefined) ?? []);
}

/**
 * Rows to be sampled: of a ledger that has grown the same ones are taken again, or half of them, and those at the end, whose
 * rowids SQLite gives to others when they are gone, are taken all.
 */
function rowidsBetween(first: number | null, last: number | null): readonly number[] {
  if (first === null || last === null) return [];
  const rowids = new Set([first]);
  for (let step = 1; step <= last; step *= 2) {
    const end = last - (last % step);
    const start = Math.max(first, end - step * (sampleSize - 1), 1);
    for (let rowid = end; rowid >= start; rowid -= step) rowids.add(rowid);
  }
  return [...rowids].sort((a, b) => a - b);
}

function readChanged(db: Database): StoreRows['changed'] {
  return db
    .prepare(
      `SELECT ${whole('id', 128)}, ${whole('status', 40)}, ${whole('updated_at', 40, 'updatedAt')}
         FROM sessions WHERE id <> '__cockpit__' ORDER BY updated_at DESC LIMIT ${changedLimit + 1}`,
    )
    .all() as StoreRows['changed'][number][];
}
