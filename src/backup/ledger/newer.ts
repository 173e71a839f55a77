import type { Database } from 'better-sqlite3';
import type { Newer } from './protocol.ts';

/** Ids that are listed; a report of more is cut by its reader anyway. */
const idLimit = 1000;

/** What `db` holds that the ledger at `than` does not, by id. Throws where either lacks sessions or events. */
export function newerThan(db: Database, than: string): Newer {
  db.prepare('ATTACH ? AS older').run(than);
  const ids = (condition: string): readonly string[] =>
    db
      .prepare(`SELECT substr(id, 1, 64) FROM main.sessions AS row WHERE ${condition} ORDER BY rowid LIMIT ${idLimit}`)
      .pluck()
      .all() as string[];
  const events = db
    .prepare(
      'SELECT count(*) FROM main.events AS row WHERE NOT EXISTS (SELECT 1 FROM older.events WHERE rowid = row.rowid AND id = row.id)',
    )
    .pluck()
    .get();
  return {
    newSessions: ids('id NOT IN (SELECT id FROM older.sessions)'),
    changedSessions: ids(
      'EXISTS (SELECT 1 FROM older.sessions AS was WHERE was.id = row.id AND (was.status IS NOT row.status OR was.updated_at IS NOT row.updated_at))',
    ),
    events: Number(events),
  };
}
