import type Database from 'better-sqlite3';
import { quote } from '../sqlite/names.ts';
import { hasColumns } from './has.ts';

/** The title of a session whose own row is lost. */
export const placeholderTitle = '[coven-doctor rescue] the row of this session is lost, its events are here';

/**
 * Gives each session of which only events survive a row: its true id, the times of its first and last event, and a status
 * that Coven does not act on. `rowidOf` tells the rowid that an index still names. Returns their ids, with the
 * rowids that they have.
 */
export function addPlaceholders(
  db: Database.Database,
  rowidOf: (id: string) => number | null,
): ReadonlyMap<string, number> {
  const made = new Map<string, number>();
  if (!hasColumns(db, 'sessions', 'id') || !hasColumns(db, 'events', 'session_id', 'created_at')) return made;
  const missing = db
    .prepare(
      `SELECT session_id AS id, min(created_at) AS first, max(created_at) AS last FROM events
        WHERE session_id NOT IN (SELECT id FROM sessions) GROUP BY session_id`,
    )
    .all() as { id: string; first: string; last: string }[];
  const known = db
    .prepare('SELECT name, "notnull" = 1 AND dflt_value IS NULL AS needed FROM pragma_table_info(?)')
    .all('sessions') as { name: string; needed: number }[];
  const values: Readonly<Record<string, (of: (typeof missing)[number]) => unknown>> = {
    id: ({ id }) => id,
    project_root: () => '/',
    harness: () => 'unknown',
    title: () => placeholderTitle,
    status: () => 'orphaned',
    created_at: ({ first }) => first,
    updated_at: ({ last }) => last,
  };
  // A column that this does not know, of another version or with a damaged name, may still ask for a value.
  const columns = known.filter(({ name, needed }) => needed === 1 || name in values).map(({ name }) => name);
  const insert = db.prepare(
    `INSERT INTO sessions (rowid, ${columns.map(quote).join(', ')}) VALUES (?, ${columns.map(() => '?').join(', ')})`,
  );
  const isTaken = db.prepare('SELECT count(*) FROM sessions WHERE rowid = ?').pluck();
  const next = db.prepare('SELECT coalesce(max(rowid), 0) + 1 FROM sessions').pluck();
  for (const one of missing) {
    const named = rowidOf(one.id);
    const rowid = named !== null && isTaken.get(named) === 0 ? named : (next.get() as number);
    insert.run(BigInt(rowid), ...columns.map((name) => values[name]?.(one) ?? 'unknown'));
    made.set(one.id, rowid);
  }
  return made;
}

/**
 * Takes out events of sessions that neither a row nor an index names any more, asked where one of them was read whole: such a
 * session was deleted, and its events with it. What is deleted is not zeroed, and comes back in no rescue.
 */
export function dropDeleted(db: Database.Database, named: readonly string[]): void {
  if (!hasColumns(db, 'sessions', 'id') || !hasColumns(db, 'events', 'session_id')) return;
  db.prepare(
    `DELETE FROM events WHERE session_id NOT IN (SELECT id FROM sessions)
        AND session_id NOT IN (SELECT value FROM json_each(?))`,
  ).run(JSON.stringify(named));
}
