import type { Database } from 'better-sqlite3';
import { openInMemory } from '../sqlite/open-to-read.ts';

/** More than this is no ledger of Coven, whose schema has about 250 rows. */
const rowLimit = 5000;

/** What another build of SQLite may know and this one does not. */
const ofBuild = /no such (?:function|module|collation)|unknown tokenizer/;

/**
 * What a program that opens the ledger to write finds wrong with the text of its schema, and then refuses to open it;
 * null where that is nothing. A connection that only reads passes over a constraint that names no column, so the schema is
 * put into a database in memory, which is then read anew.
 */
export function schemaProblem(db: Database): string | null {
  const rows = db
    .prepare(`SELECT type, name, tbl_name, rootpage, sql FROM sqlite_schema LIMIT ${rowLimit}`)
    .raw()
    .all() as [string, string, string, number | null, string | null][];
  const copy = openInMemory();
  try {
    copy.unsafeMode();
    // Roots must lie within the database, whatever is there.
    copy.exec(`CREATE TABLE room (bytes); INSERT INTO room VALUES (zeroblob(${4096 * (rows.length + 1)}))`);
    copy.pragma('writable_schema = ON');
    copy.exec('DELETE FROM sqlite_schema');
    const insert = copy.prepare('INSERT INTO sqlite_schema VALUES (?, ?, ?, ?, ?)');
    for (const [index, [type, name, table, root, sql]] of rows.entries())
      insert.run(type, name, table, root ? index + 2 : root, sql);
    copy.pragma('writable_schema = RESET');
    copy.prepare('SELECT count(*) FROM sqlite_schema').get();
    return null;
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return message.startsWith('malformed database schema') && !ofBuild.test(message) ? message.slice(0, 200) : null;
  } finally {
    copy.close();
  }
}
