import type Database from 'better-sqlite3';
import { quote } from '../sqlite/names.ts';
import { hasColumns } from './has.ts';
import type { Model } from './model.ts';
import type { Scratch } from './scratch.ts';

export interface RowName {
  readonly table: string;
  readonly rowid: number;
}

/** Takes rows out of the rescued ledger that something speaks against, and takes them down as uncertain. */
export function removeRows(
  db: Database.Database,
  scratch: Scratch,
  model: Model,
  why: string,
  rows: readonly RowName[],
): void {
  const missing = scratch.db.prepare('INSERT INTO missing VALUES (?,?,?,?)');
  const hasSearch = hasColumns(db, 'events_fts', 'payload_json') && hasColumns(db, 'events', 'payload_json');
  for (const { table, rowid } of rows) {
    const id = model.tables.find(({ name }) => name === table)?.id;
    if (id === undefined) continue;
    if (table === 'events' && hasSearch)
      db.prepare(
        "INSERT INTO events_fts(events_fts, rowid, payload_json) SELECT 'delete', rowid, payload_json FROM events WHERE rowid = ?",
      ).run(rowid);
    db.prepare(`DELETE FROM ${quote(table)} WHERE rowid = ?`).run(rowid);
    missing.run(id, rowid, 'uncertain', why);
  }
}

const rowLimit = 100_000;

/** Rows that refer to a row that is not there; none where a damaged statement refers to what no table has. */
export function unparented(db: Database.Database): readonly RowName[] {
  const select = 'SELECT DISTINCT "table", rowid FROM pragma_foreign_key_check WHERE rowid IS NOT NULL LIMIT ?';
  try {
    return db.prepare(select).all(rowLimit) as RowName[];
  } catch {
    return [];
  }
}
