import type Database from 'better-sqlite3';
import { cellAt, parsePage } from '../sqlite/page.ts';
import { readWhole } from '../sqlite/pages.ts';
import { hasColumns } from './has.ts';
import type { Model, Table } from './model.ts';
import { RecordView } from './record-view.ts';
import { hasTypesOf } from './shape.ts';
import type { Source } from './source.ts';
import { valueAt } from './values.ts';

/** Rows with an id of their own that the committed frames of a WAL hold, and that are not in a ledger. */
export interface ForeignRows {
  readonly sessions: number;
  readonly events: number;
}

/**
 * Counts what a WAL that is left out holds beyond the rescued ledger; null where none is left out. A row counts where its page says that it is
 * there, each id once.
 */
export function countForeignRows(source: Source, model: Model, db: Database.Database): ForeignRows | null {
  const { foreignWal, format } = source;
  if (!foreignWal) return null;
  const { frames, fd } = foreignWal;
  const latest = new Map<number, number>();
  for (let frame = 0; frame < frames.visible; frame += 1) latest.set(frames.pageOf(frame), frame);
  const tables = model.tables.filter(({ name }) => name === 'sessions' || name === 'events');
  const counts = { sessions: 0, events: 0 };
  db.exec('CREATE TEMP TABLE foreign_id(name TEXT, id TEXT, PRIMARY KEY (name, id)) WITHOUT ROWID');
  const add = db.prepare('INSERT OR IGNORE INTO temp.foreign_id VALUES (?, ?)');
  const record = new RecordView();
  const into = Buffer.alloc(format.pageSize);
  for (const [number, frame] of latest) {
    const bytes = readWhole(fd, into, frames.offsetOf(frame));
    const page = bytes && parsePage(bytes, number, format.usableSize);
    if (!bytes || !page || typeof page === 'string' || !page.isTable || !page.isLeaf) continue;
    for (let at = 0; at < page.cells; at += 1) {
      const cell = cellAt(page, at);
      if (typeof cell === 'string') continue;
      const { payloadStart, local, payload } = cell;
      if (!record.parse(bytes, payloadStart, payloadStart + local) || record.total !== payload) continue;
      const table = tables.find((one) => hasTypesOf(one, record));
      const position = table ? idOf(table) : -1;
      // The rest of a large row lies elsewhere; its id does not.
      if (!table || position < 0 || (record.starts[position + 1] as number) > payloadStart + local) continue;
      const id = valueAt(record, position);
      if (typeof id === 'string' && id !== '') add.run(table.name, id);
    }
  }
  for (const name of ['sessions', 'events'] as const)
    counts[name] = db
      .prepare(
        hasColumns(db, name, 'id')
          ? `SELECT count(*) FROM temp.foreign_id AS f WHERE f.name = ? AND NOT EXISTS (SELECT 1 FROM main.${name} AS m WHERE m.id = f.id)`
          : 'SELECT count(*) FROM temp.foreign_id WHERE name = ?',
      )
      .pluck()
      .get(name) as number;
  db.exec('DROP TABLE temp.foreign_id');
  return counts;
}

const idOf = ({ columns }: Table): number => columns.findIndex(({ name }) => name === 'id');
