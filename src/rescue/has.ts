import type Database from 'better-sqlite3';

/** Whether a table has these columns: a name in the schema may have a damaged byte. */
export function hasColumns(db: Database.Database, table: string, ...columns: readonly string[]): boolean {
  const known = db.prepare('SELECT name FROM pragma_table_info(?)').pluck().all(table) as string[];
  return known.length > 0 && columns.every((column) => known.includes(column));
}
