import Database from '../child/sqlite.ts';
import { quote } from '../sqlite/names.ts';
import type { ChainReader } from './chain.ts';
import { isCore, type Model, make, type Table } from './model.ts';
import { RowReader } from './rows.ts';
import type { Scratch } from './scratch.ts';
import { areDocuments } from './shape.ts';
import type { Source } from './source.ts';
import { type SqlValue, valuesOf } from './values.ts';

export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

export interface Writing {
  readonly source: Source;
  readonly scratch: Scratch;
  readonly model: Model;
  /** By the number that a candidate has of its own. */
  readonly chains: readonly ChainReader[];
  readonly tell: (rows: number) => void;
}

/** Opens the file that the rescued ledger is written to. A crash leaves it useless, and nobody has it before it is whole. */
export function openOutput(path: string, pageSize: number): Database.Database {
  const db = new Database(path);
  db.pragma(`page_size = ${pageSize}`);
  db.pragma('journal_mode = OFF');
  db.pragma('synchronous = OFF');
  db.pragma('foreign_keys = OFF');
  // No function of a statement that came from the file is more than SQLite's harmless ones.
  db.pragma('trusted_schema = OFF');
  // What was let in once is not judged anew: rows are kept as they were.
  db.pragma('ignore_check_constraints = ON');
  db.pragma('cache_size = -32000');
  db.pragma('temp_store = FILE');
  return db;
}

/** Makes the tables, in a file of their own. */
export function makeTablesOf(path: string, pageSize: number, model: Model): void {
  const db = openOutput(path, pageSize);
  try {
    // A transaction of its own for each of thousands would write the first page as often.
    db.exec('BEGIN');
    for (const object of model.made) if (object.type === 'table') make(db, object);
    db.exec('COMMIT');
  } finally {
    db.close();
  }
}

/** Writes the rows that were chosen, each with its own rowid. */
export function writeRows(db: Database.Database, { source, scratch, model, chains, tell }: Writing): void {
  const reader = new RowReader(source);
  const drop = scratch.db.prepare('INSERT INTO missing VALUES (?,?,?,?)');
  // As they were decided: by table, then by rowid.
  const select = scratch.db.prepare('SELECT tbl, row, file, at, cell, chain FROM winner ORDER BY rowid').raw();
  scratch.db.unsafeMode(true);
  if (model.tables.some(({ name }) => name === 'sqlite_sequence')) db.exec('DELETE FROM sqlite_sequence');
  let written = 0;
  let now: Table | null = null;
  let inserts = new Map<number, Insert>();
  for (const winner of select.iterate() as IterableIterator<[number, number, number, number, number, number]>) {
    const [tableId, rowid, file, at, cell, chain] = winner;
    const table = model.tables[tableId] as Table;
    if (table !== now) {
      if (now) db.exec('COMMIT');
      db.exec('BEGIN');
      inserts = new Map();
      now = table;
    }
    written += 1;
    if ((written & 0xfff) === 0) tell(written);
    const payload = reader.load({ file, at, cell }, !table.withoutRowid, chains[chain] as ChainReader);
    const values = payload && valuesOf(table, reader.record, rowid);
    const why = !values
      ? 'cannot be read again'
      : isCore(table) && !areDocuments(table, reader.record)
        ? 'holds a text that is no JSON'
        : insert(db, inserts, table, rowid, values);
    if (why !== null) drop.run(table.id, rowid, 'uncertain', why);
  }
  if (now) db.exec('COMMIT');
  scratch.db.unsafeMode(false);
}

/** Writes a row of so many values. */
interface Insert {
  readonly statement: Database.Statement;
  /** The rowid is not given apart from the values. */
  readonly isPlain: boolean;
}

function insert(
  db: Database.Database,
  inserts: Map<number, Insert>,
  table: Table,
  rowid: number,
  values: readonly SqlValue[],
): string | null {
  let one = inserts.get(values.length);
  if (!one) {
    one = makeInsert(db, table, values.length);
    inserts.set(values.length, one);
  }
  try {
    if (one.isPlain) one.statement.run(...values);
    else one.statement.run(BigInt(rowid), ...values);
    return null;
  } catch (error) {
    return messageOf(error).slice(0, 200);
  }
}

function makeInsert(db: Database.Database, table: Table, length: number): Insert {
  const columns = table.columns.filter(({ isComputed }) => !isComputed).slice(0, length);
  const hasAlias = columns.some(({ isRowid }) => isRowid);
  const name = rowidName(table);
  const names = [
    ...(table.withoutRowid || hasAlias || name === null ? [] : [name]),
    ...columns.map((column) => quote(column.name)),
  ];
  const statement = db.prepare(
    `INSERT INTO ${quote(table.name)} (${names.join(', ')}) VALUES (${names.map(() => '?').join(', ')})`,
  );
  const isPlain = table.withoutRowid || table.columns.some(({ isRowid }) => isRowid) || name === null;
  return { statement, isPlain };
}

/** A name of the rowid that no column has taken. */
const rowidName = ({ columns }: Table): string | null =>
  ['rowid', '_rowid_', 'oid'].find((name) => !columns.some((column) => column.name.toLowerCase() === name)) ?? null;
