import type { Database } from 'better-sqlite3';
import type { StoreRows, TableRows } from '../observation.ts';

/** A ledger of Coven 0.4.6 has 50 tables. */
const tableLimit = 200;

/** Sessions of so many are told by their status; those that an upgrade can change are the ones that were open. */
const changedLimit = 2000;

/** Counts the rows of every table; tables that SQLite keeps for itself or for an index say nothing of their own. */
export function readRows(db: Database): StoreRows {
  const none = { tables: [], complete: false, changed: [], changedComplete: false };
  try {
    const tables = db
      .prepare(
        `SELECT name, wr AS withoutRowid FROM pragma_table_list
          WHERE schema = 'main' AND type = 'table' AND name NOT LIKE 'sqlite!_%' ESCAPE '!' AND length(name) <= 64
          ORDER BY name LIMIT ${tableLimit + 1}`,
      )
      .all() as { name: string; withoutRowid: number }[];
    const names = tables.map(({ name }) => name);
    const changed = names.includes('sessions') ? readChanged(db) : [];
    return {
      outcome: 'read',
      code: null,
      tables: tables.slice(0, tableLimit).map(({ name, withoutRowid }) => countRows(db, name, withoutRowid === 0)),
      complete: tables.length <= tableLimit,
      changed: changed.slice(0, changedLimit),
      changedComplete: changed.length <= changedLimit,
    };
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'SQLITE_ERROR';
    return { ...none, outcome: 'failed', code };
  }
}

function countRows(db: Database, table: string, hasRowid: boolean): TableRows {
  const name = `"${table.replaceAll('"', '""')}"`;
  const range = hasRowid ? 'min(rowid), max(rowid)' : 'NULL, NULL';
  const counted = db.prepare(`SELECT count(*), ${range} FROM ${name}`).raw().get() as [
    number,
    number | null,
    number | null,
  ];
  const [rows, firstRowid, lastRowid] = counted;
  return { table, rows, firstRowid, lastRowid };
}

function readChanged(db: Database): StoreRows['changed'] {
  return db
    .prepare(
      `SELECT substr(id, 1, 128) AS id, substr(status, 1, 40) AS status, substr(updated_at, 1, 40) AS updatedAt
         FROM sessions WHERE id <> '__cockpit__' ORDER BY updated_at DESC LIMIT ${changedLimit + 1}`,
    )
    .all() as StoreRows['changed'][number][];
}
