import type { Database } from 'better-sqlite3';

/**
 * Throws where one of these names is there and is no table with rows of its own, as SQLite itself understands the schema. A view
 * in the place of a table may have rows without end, and a virtual table may ask a view for its rows.
 */
export function refuseViews(db: Database, tables: readonly string[], schema: 'main' | 'older' = 'main'): void {
  const type = db.prepare('SELECT type FROM pragma_table_list(?) WHERE schema = ?').pluck();
  for (const name of tables) {
    const is = type.get(name, schema);
    if (is !== undefined && is !== 'table' && is !== 'shadow') throw new NoTable(`${name} is a ${is}`);
  }
}

/** Has SQLite's code for what it cannot do. */
class NoTable extends Error {
  readonly code = 'SQLITE_ERROR';
}
