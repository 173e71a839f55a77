import { mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import Database from 'better-sqlite3';
import { names } from '../coven/layout.ts';
import { bring } from './reach.ts';

const comparedRows = 200;

type Rows = ReadonlyMap<string, string>;

/**
 * The first rows of a ledger as its main file alone has them; null where that does not read by itself. To be called
 * before the ledger is opened with its WAL: SQLite shares what it knows of a WAL between all connections of a process
 * to the same file. `path` is the ledger in a private folder.
 */
export function rowsWithoutWal(path: string): Rows | null {
  const folder = join(dirname(path), 'alone');
  let alone: Database.Database | undefined;
  try {
    mkdirSync(folder, { mode: 0o700 });
    bring(path, join(folder, names.ledger));
    alone = new Database(join(folder, names.ledger), { readonly: true, fileMustExist: true });
    return rowsOf(alone);
  } catch {
    return null;
  } finally {
    alone?.close();
  }
}

/**
 * Whether the WAL beside a ledger belongs to another one: SQLite takes its pages without a doubt, and what is then read
 * is the other ledger. Coven never gives a row id twice, so a row that has another id with the WAL than without it is
 * the proof. Null where no row could be compared.
 */
export function isWalForeign(without: Rows | null, db: Database.Database): boolean | null {
  if (!without) return null;
  let within: Rows;
  try {
    within = rowsOf(db);
  } catch {
    return null;
  }
  const common = [...within].filter(([key]) => without.has(key));
  return common.length === 0 ? null : common.some(([key, id]) => without.get(key) !== id);
}

function rowsOf(db: Database.Database): Rows {
  const rows = new Map<string, string>();
  for (const table of ['sessions', 'events']) {
    const first = db
      .prepare<[], { rowid: number; id: string }>(
        `SELECT rowid, substr(id, 1, 200) AS id FROM ${table} ORDER BY rowid LIMIT ${comparedRows}`,
      )
      .all();
    for (const { rowid, id } of first) rows.set(`${table} ${rowid}`, id);
  }
  return rows;
}
