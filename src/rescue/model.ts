import type { Database } from 'better-sqlite3';
import type { SchemaObject } from './schema.ts';
import { isSearchObject, ownStatement } from './schema.ts';

export type Affinity = 'text' | 'integer' | 'real' | 'numeric' | 'blob';

/** A column as it lies in records. */
export interface Column {
  readonly name: string;
  readonly affinity: Affinity;
  readonly notNull: boolean;
  /** Its value is the rowid, and records hold NULL in its place. */
  readonly isRowid: boolean;
  /** Holds a time, as RFC 3339 has it. */
  readonly isTime: boolean;
  /** Holds a JSON document. */
  readonly isJson: boolean;
  /** SQLite computes it: it lies in records, and nobody may write it. */
  readonly isComputed: boolean;
}

export interface Index {
  /** Its number among all indexes. */
  readonly id: number;
  readonly name: string;
  readonly table: Table;
  /** Positions in records of the table. */
  readonly columns: readonly number[];
  /** Not every row has an entry. */
  readonly partial: boolean;
  readonly root: number;
}

export interface Table {
  /** Its number among all tables. */
  readonly id: number;
  readonly name: string;
  readonly columns: readonly Column[];
  /** Fewest columns that a record has: those that were added later are missing in older ones. */
  readonly fewest: number;
  readonly indexes: Index[];
  /** Positions of columns that no later version of a row changes; empty where that is not known. */
  readonly lasting: readonly number[];
  readonly root: number;
  /** Kept as an index b-tree, by its primary key. */
  readonly withoutRowid: boolean;
  /** Its rows can be told from those of other tables by their shape: ids, times, texts that are never absent. */
  readonly isDistinct: boolean;
}

export interface Model {
  readonly tables: readonly Table[];
  readonly indexes: readonly Index[];
  /** What SQLite did not take, with the reason. */
  readonly refused: readonly { readonly name: string; readonly why: string }[];
  /** What was made, and is made again in the rescued ledger. */
  readonly made: readonly SchemaObject[];
}

/** Seen of Coven: a session is updated as it goes on, and these stay. */
const lasting: Readonly<Record<string, readonly string[]>> = {
  sessions: ['id', 'project_root', 'harness', 'title', 'created_at', 'visibility', 'external'],
};

const sqlLimit = 200_000;

/** Executes one statement that comes from a damaged file, and nothing behind it. What it says is only taken down, not run. */
export function make(db: Database, object: SchemaObject): string | null {
  const { sql, type } = object;
  if (sql === null) return null;
  if (sql.length > sqlLimit) return 'its statement is too long';
  const begins = new RegExp(`^CREATE\\s+(?:UNIQUE\\s+)?${type}\\b`, 'i');
  if (!begins.test(sql.slice(0, 100))) return `its statement makes no ${type}`;
  try {
    // A text of more than one statement is refused here.
    db.prepare(sql).run();
    return null;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** Tables whose own statement cannot be run: SQLite makes them by itself. */
export const isOwnOfSqlite = (name: string): boolean => /^sqlite_/i.test(name);

/** Makes the tables and indexes in an empty database, and tells what records and entries look like. */
export function buildModel(db: Database, objects: readonly SchemaObject[]): Model {
  const refused: { name: string; why: string }[] = [];
  const made: SchemaObject[] = [];
  for (const type of ['table', 'index']) {
    for (const object of objects) {
      if (object.type !== type || isSearchObject(object.name) || isOwnOfSqlite(object.name) || object.sql === null)
        continue;
      const own = ownStatement(object);
      const whyNot = (one: SchemaObject): string | null =>
        /^CREATE\s+VIRTUAL\b/i.test(one.sql ?? '') ? 'it is a virtual table' : make(db, one);
      const why = whyNot(object);
      // A statement that damage has made useless is known in Coven's own words.
      const instead = why !== null && own !== null && whyNot({ ...object, sql: own }) === null;
      if (why === null) made.push(object);
      else if (instead) made.push({ ...object, sql: own });
      else refused.push({ name: object.name, why });
    }
  }
  const rootOf = new Map(objects.map(({ type, name, root }) => [`${type} ${name}`, root]));
  const tables: Table[] = [];
  const indexes: Index[] = [];
  const names = db.prepare("SELECT name, wr FROM pragma_table_list WHERE schema = 'main' AND type = 'table'").all() as {
    name: string;
    wr: number;
  }[];
  for (const { name, wr } of names) {
    if (name === 'sqlite_schema' || name.startsWith('sqlite_stat')) continue;
    const columns = columnsOf(db, name, wr === 1);
    const added = trailingNullable(columns);
    const sure = columns.filter(({ notNull, affinity }) => notNull && affinity === 'text').length;
    const table: Table = {
      id: tables.length,
      name,
      columns,
      fewest: columns.length - added,
      indexes: [],
      lasting: (lasting[name] ?? [])
        .map((column) => columns.findIndex((is) => is.name === column))
        .filter((at) => at >= 0),
      root: rootOf.get(`table ${name}`) ?? 0,
      withoutRowid: wr === 1,
      isDistinct:
        wr === 0 &&
        sure >= 3 &&
        columns[0]?.affinity === 'text' &&
        columns.some(({ isTime, notNull }) => isTime && notNull),
    };
    tables.push(table);
    for (const one of indexesOf(db, name)) {
      const positions = one.columns.map((column) => columns.findIndex((is) => is.name === column));
      // An index on an expression, on the rowid or of a table without one is made again, and has no vote.
      if (wr === 1 || positions.some((at) => at < 0 || columns[at]?.isRowid || columns[at]?.affinity === 'real'))
        continue;
      const root = rootOf.get(`index ${one.name}`) ?? 0;
      const index = { id: indexes.length, name: one.name, table, columns: positions, partial: one.partial, root };
      indexes.push(index);
      table.indexes.push(index);
    }
  }
  return { tables, indexes, refused, made };
}

interface ColumnRow {
  readonly name: string;
  readonly type: string;
  readonly notnull: number;
  readonly pk: number;
  readonly hidden: number;
}

function columnsOf(db: Database, table: string, withoutRowid: boolean): readonly Column[] {
  const rows = db.prepare('SELECT * FROM pragma_table_xinfo(?)').all(table) as ColumnRow[];
  // A virtual generated column is in no record.
  const kept = rows.filter(({ hidden }) => hidden === 0 || hidden === 3);
  const keys = rows.filter(({ pk }) => pk > 0);
  const alias = !withoutRowid && keys.length === 1 && /^integer$/i.test(keys[0]?.type ?? '') ? keys[0]?.name : null;
  if (withoutRowid) kept.sort((a, b) => (a.pk || 1e6) - (b.pk || 1e6));
  return kept.map(({ name, type, notnull, hidden }) => ({
    name,
    affinity: affinityOf(type),
    notNull: notnull === 1,
    isRowid: name === alias,
    isTime: /_at$/.test(name) && affinityOf(type) === 'text',
    isJson: /_json$/.test(name) && affinityOf(type) === 'text',
    isComputed: hidden === 3,
  }));
}

/** Source: https://www.sqlite.org/datatype3.html, section 3.1. */
function affinityOf(type: string): Affinity {
  if (/int/i.test(type)) return 'integer';
  if (/char|clob|text/i.test(type)) return 'text';
  if (/blob/i.test(type) || type === '') return 'blob';
  return /real|floa|doub/i.test(type) ? 'real' : 'numeric';
}

/** Columns at the end that may be absent: rows written before they were added do not have them. */
function trailingNullable(columns: readonly Column[]): number {
  let count = 0;
  while (count < columns.length - 1 && !columns[columns.length - 1 - count]?.notNull) count += 1;
  return count;
}

function indexesOf(db: Database, table: string) {
  const rows = db.prepare('SELECT name, partial FROM pragma_index_list(?)').all(table) as {
    name: string;
    partial: number;
  }[];
  return rows.map(({ name, partial }) => ({
    name,
    partial: partial === 1,
    columns: db.prepare('SELECT name FROM pragma_index_xinfo(?) WHERE key = 1 ORDER BY seqno').pluck().all(name) as (
      | string
      | null
    )[],
  }));
}

/** The tables whose rows make a session; their values are known so well that their rows are held to them everywhere. */
export const isCore = ({ name }: Table): boolean => name === 'sessions' || name === 'events';

/** Of events no row ever changes. */
export const isLasting = ({ name }: Table): boolean => name === 'events';
