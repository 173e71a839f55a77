import type Database from 'better-sqlite3';
import { quote } from '../sqlite/names.ts';
import type { ChainReader } from './chain.ts';
import { type Bounds, leftOut, type NamedRow } from './left-out.ts';
import type { Model } from './model.ts';
import type { LeftOut, TableReport } from './report.ts';
import { namedValues, type RowReader } from './rows.ts';
import type { Scratch } from './scratch.ts';

export interface Account extends LeftOut {
  readonly tables: readonly TableReport[];
}

/** What is in the rescued ledger and what is not, by table and by session. `placeholders` are ids of sessions, with their rowids. */
export function account(
  db: Database.Database,
  { db: scratch }: Scratch,
  model: Model,
  reader: RowReader,
  chains: ChainReader,
  placeholders: ReadonlyMap<string, number>,
  bounds: Bounds,
): Account {
  const entries = scratch.prepare('SELECT ix, file, at, cell FROM named WHERE tbl = ? AND row = ?').raw();
  scratch.exec('CREATE INDEX named_row ON named(tbl, row)');
  // A merge takes of another ledger what is named here, however many rows that are.
  scratch.exec('CREATE TABLE told(name TEXT, row INTEGER, what TEXT, why TEXT, id TEXT, session TEXT, time TEXT)');
  const note = scratch.prepare('INSERT INTO told VALUES (?,?,?,?,?,?,?)');
  const rows = scratch.prepare('SELECT DISTINCT tbl, row, what, why FROM missing ORDER BY tbl, row').raw();
  const placed = new Map([...placeholders].map(([id, rowid]) => [rowid, id]));
  // Rows are inserted while others are read; never into the table that is read.
  scratch.unsafeMode(true);
  for (const [tableId, rowid, what, why] of rows.iterate() as IterableIterator<
    [number, number, 'lost' | 'uncertain', string]
  >) {
    const table = model.tables[tableId];
    if (!table) continue;
    const named = (entries.all(tableId, rowid) as [number, number, number, number][]).flatMap(
      ([ix, file, at, cell]) => {
        const index = model.indexes[ix];
        return index ? [{ index, place: { file, at, cell } }] : [];
      },
    );
    const values = namedValues(reader, chains, named);
    const text = (name: string): string | null => (typeof values[name] === 'string' ? values[name] : null);
    const ownId = table.name === 'sessions' ? (text('id') ?? placed.get(rowid) ?? null) : text('id');
    note.run(
      ...[table.name, rowid, what, why, ownId],
      ...[table.name === 'sessions' ? ownId : text('session_id'), text('created_at')],
    );
  }
  scratch.unsafeMode(false);
  // A merge reads it after this process has ended.
  scratch.exec('COMMIT');
  const told = scratch.prepare(
    'SELECT name AS "table", row AS rowid, what, why, id, session, time, NULL AS filled FROM told ORDER BY told.rowid',
  );
  return {
    tables: tablesOf(db, scratch, model, placeholders.size),
    ...leftOut(db, () => told.iterate() as IterableIterator<NamedRow>, new Set(placeholders.keys()), bounds),
  };
}

function tablesOf(
  db: Database.Database,
  scratch: Database.Database,
  model: Model,
  placeholders: number,
): readonly TableReport[] {
  const counts = scratch
    .prepare('SELECT tbl, what, count(DISTINCT row) AS n FROM missing GROUP BY tbl, what')
    .all() as { tbl: number; what: 'lost' | 'uncertain'; n: number }[];
  return model.tables.map(({ id, name }) => {
    const count = (what: 'lost' | 'uncertain'): number =>
      counts.find((one) => one.tbl === id && one.what === what)?.n ?? 0;
    const rescued = db
      .prepare(`SELECT count(*) FROM ${quote(name)}`)
      .pluck()
      .get() as number;
    // What stands for a lost row is not a rescued one.
    const own = name === 'sessions' ? rescued - placeholders : rescued;
    return { table: name, rescued: own, lost: count('lost'), uncertain: count('uncertain') };
  });
}
