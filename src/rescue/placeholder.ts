import type Database from 'better-sqlite3';

/** The title of a session whose own row is lost. */
export const placeholderTitle = '[coven-doctor rescue] the row of this session is lost, its events are here';

/**
 * Gives each session of which only events survive a row: its true id, the times of its first and last event, and a status
 * that Coven does not act on. `rowidOf` tells the rowid that an index still names. Returns their ids.
 */
export function addPlaceholders(db: Database.Database, rowidOf: (id: string) => number | null): ReadonlySet<string> {
  const made = new Set<string>();
  const has = (name: string): boolean =>
    db.prepare("SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = ?").pluck().get(name) === 1;
  if (!has('sessions') || !has('events')) return made;
  const missing = db
    .prepare(
      `SELECT session_id AS id, min(created_at) AS first, max(created_at) AS last FROM events
        WHERE session_id NOT IN (SELECT id FROM sessions) GROUP BY session_id`,
    )
    .all() as { id: string; first: string; last: string }[];
  const known = db.prepare('SELECT name FROM pragma_table_info(?)').pluck().all('sessions') as string[];
  const values: Readonly<Record<string, (of: (typeof missing)[number]) => unknown>> = {
    id: ({ id }) => id,
    project_root: () => '/',
    harness: () => 'unknown',
    title: () => placeholderTitle,
    status: () => 'orphaned',
    created_at: ({ first }) => first,
    updated_at: ({ last }) => last,
  };
  const columns = Object.keys(values).filter((name) => known.includes(name));
  const insert = db.prepare(
    `INSERT INTO sessions (rowid, ${columns.join(', ')}) VALUES (?, ${columns.map(() => '?').join(', ')})`,
  );
  const isTaken = db.prepare('SELECT count(*) FROM sessions WHERE rowid = ?').pluck();
  const next = db.prepare('SELECT coalesce(max(rowid), 0) + 1 FROM sessions').pluck();
  for (const one of missing) {
    const named = rowidOf(one.id);
    const rowid = named !== null && isTaken.get(named) === 0 ? named : (next.get() as number);
    insert.run(BigInt(rowid), ...columns.map((name) => values[name]?.(one)));
    made.add(one.id);
  }
  return made;
}

/**
 * Takes out events of sessions that neither a row nor an index names any more, asked where one of them was read whole: such a
 * session was deleted, and its events with it. What is deleted is not zeroed, and comes back in no rescue.
 */
export function dropDeleted(db: Database.Database, named: readonly string[]): void {
  const has = (name: string): boolean =>
    db.prepare("SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = ?").pluck().get(name) === 1;
  if (!has('sessions') || !has('events')) return;
  db.prepare(
    `DELETE FROM events WHERE session_id NOT IN (SELECT id FROM sessions)
        AND session_id NOT IN (SELECT value FROM json_each(?))`,
  ).run(JSON.stringify(named));
}
