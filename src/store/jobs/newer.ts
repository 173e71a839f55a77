import type { Database } from 'better-sqlite3';
import { openToRead } from '../../sqlite/open-to-read.ts';
import { refuseViews } from '../../sqlite/ordinary.ts';
import { writerMs } from '../copy-content.ts';
import type { Newer } from '../protocol.ts';

/** Ids that are listed; a report of more is cut by its reader anyway. */
const idLimit = 1000;

export function work({ ledger, than }: { readonly ledger: string; readonly than: string }): Newer {
  const db = openToRead(ledger, writerMs);
  try {
    return newerThan(db, than);
  } finally {
    db.close();
  }
}

/** What `db` holds that the ledger at `than` does not, by id. Throws where either lacks sessions or events. */
function newerThan(db: Database, than: string): Newer {
  db.prepare('ATTACH ? AS older').run(than);
  for (const schema of ['main', 'older'] as const) refuseViews(db, ['sessions', 'events'], schema);
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
