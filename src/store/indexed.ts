import type { Database } from 'better-sqlite3';

/** Whether an index leads to every event by this column: without one, each look at them reads the whole table. */
export const areIndexed = (db: Database, column: 'session_id' | 'created_at'): boolean =>
  db
    .prepare(
      `SELECT 1 FROM pragma_index_list('events') AS l, pragma_index_info(l.name) AS i
        WHERE i.seqno = 0 AND i.name = ? AND l.partial = 0`,
    )
    .get(column) !== undefined;
