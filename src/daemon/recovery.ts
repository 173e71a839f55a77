import type { Database } from 'better-sqlite3';
import { strandedSeconds } from '../coven/contract.ts';
import { now } from './clock.ts';

/**
 * Settles what an earlier daemon left: its `running` rows become `orphaned`, `created` rows that nobody launched become
 * `failed`. External rows and every other row stay. Tells how many rows each was.
 */
export function recoverSessions(db: Database): { readonly orphaned: number; readonly failed: number } {
  return db
    .transaction(() => {
      const at = now();
      const orphaned = db
        .prepare("UPDATE sessions SET status = 'orphaned', updated_at = ? WHERE status = 'running' AND external = 0")
        .run(at);
      // A row of an adopted launch is still owed to the one who asked for it.
      const failed = db
        .prepare(
          `UPDATE sessions SET status = 'failed', updated_at = ?
           WHERE status = 'created' AND external = 0 AND created_at < ?
             AND NOT EXISTS (SELECT 1 FROM request_adoptions WHERE session_id = sessions.id AND operation = 'launch')`,
        )
        .run(at, new Date(Date.now() - strandedSeconds * 1000).toISOString().replace('Z', '000000Z'));
      return { orphaned: orphaned.changes, failed: failed.changes };
    })
    .immediate();
}
