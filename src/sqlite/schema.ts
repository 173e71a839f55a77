import type { Pages } from './pages.ts';
import { readPayload } from './payload.ts';
import { parseRecordHeader, type Value, valueAt } from './record.ts';
import { cellsOf, leavesOf } from './tree.ts';

/** One b-tree of a database. */
export interface Tree {
  /** `sqlite_schema` is the tree at page 1, which names all others. */
  readonly name: string;
  readonly type: 'table' | 'index';
  /** The table that an index is of; a table's own name. */
  readonly table: string;
  readonly root: number;
  /** A table WITHOUT ROWID is kept as an index b-tree. */
  readonly isTable: boolean;
}

export interface Schema {
  readonly trees: readonly Tree[];
  /** Rows of the schema that make no sense. */
  readonly problems: readonly string[];
  /** All of its rows were read. */
  readonly complete: boolean;
}

/** Of a database with more trees than this not all is mapped: one of Coven 0.4.6 has about 120. */
export const treeLimit = 4000;

export const schemaTree: Tree = {
  name: 'sqlite_schema',
  type: 'table',
  table: 'sqlite_schema',
  root: 1,
  isTable: true,
};

/** The b-trees that the schema names. Source: the SQLite file format, section 2.6. */
export function readSchema(pages: Pages): Schema {
  const trees: Tree[] = [];
  const problems: string[] = [];
  for (const page of leavesOf(pages, 1, true)) {
    for (const cell of cellsOf(page)) {
      if (trees.length >= treeLimit) return { trees, problems, complete: false };
      const { bytes, complete } = readPayload(pages, page, cell);
      const header = parseRecordHeader(bytes);
      const columns = header && [0, 1, 2, 3, 4].map((column) => valueAt(bytes, header, column, pages.header.encoding));
      const problem = (what: string): unknown => problems.push(`row ${cell.rowid} of the schema ${what}`);
      if (!columns || !complete || columns.some((value) => value === undefined)) {
        problem('is no record of five columns');
        continue;
      }
      const [type, name, table, root, sql] = columns as Value[];
      if (typeof type !== 'string' || typeof name !== 'string' || typeof table !== 'string') problem('has no name');
      else if (type === 'table' || type === 'index') {
        // A virtual table has no tree of its own.
        if (root === 0 || root === null) continue;
        if (typeof root !== 'number' || root < 1 || root > pages.count)
          problem(`("${name}") names a page that is not there`);
        else trees.push({ name, type, table, root, isTable: type === 'table' && !isWithoutRowid(sql) });
      } else if (type !== 'view' && type !== 'trigger') problem(`is of the unknown type "${type.slice(0, 20)}"`);
    }
  }
  return { trees, problems, complete: true };
}

/** Table options follow the last parenthesis of the statement. */
function isWithoutRowid(sql: Value | undefined): boolean {
  return typeof sql === 'string' && /\bWITHOUT\s{1,9}ROWID\b/i.test(sql.slice(sql.lastIndexOf(')') + 1));
}
