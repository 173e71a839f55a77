import type { Database } from 'better-sqlite3';
import { codeOf } from '../sqlite/names.ts';
import { refuseViews } from '../sqlite/ordinary.ts';
import { whole } from '../sqlite/whole.ts';
import type { ReplayEvent, ReplayRequest, SessionReplay } from './protocol.ts';

/** Events on either side of the part that is asked for. */
const marginEvents = 50;
/** Bytes of payload that are told of the part, and of one event. */
const partBytes = 8 * 1024 ** 2;
const payloadBytes = 1024 ** 2;

const columns = `rowid AS seq, ${whole('kind', 64)}, ${whole('created_at', 40, 'at')},
  CASE WHEN length(CAST(payload_json AS BLOB)) <= ${payloadBytes} THEN CAST(payload_json AS TEXT) END AS payload`;

/** A part of a session's events; what was read before SQLite said an error stays, with its code. */
export function readReplay(db: Database, { session, fromSeq, limit }: ReplayRequest['replay']): SessionReplay {
  const events: ReplayEvent[] = [];
  let before: readonly ReplayEvent[] = [];
  let after: readonly ReplayEvent[] = [];
  let total: number | null = null;
  try {
    refuseViews(db, ['events']);
    const later = db.prepare(
      `SELECT ${columns} FROM events WHERE session_id = ? AND rowid >= ? ORDER BY rowid LIMIT ?`,
    );
    let left = partBytes;
    for (const event of later.iterate(session, fromSeq, limit) as IterableIterator<ReplayEvent>) {
      left -= event.payload?.length ?? 0;
      if (left < 0 && events.length > 0) break;
      events.push(event);
    }
    after = later.all(session, (events.at(-1)?.seq ?? fromSeq - 1) + 1, marginEvents) as ReplayEvent[];
    before = (
      db
        .prepare(`SELECT ${columns} FROM events WHERE session_id = ? AND rowid < ? ORDER BY rowid DESC LIMIT ?`)
        .all(session, fromSeq, marginEvents) as ReplayEvent[]
    ).reverse();
    total = Number(db.prepare('SELECT count(*) FROM events WHERE session_id = ?').pluck().get(session));
    return { before, events, after, total, code: null };
  } catch (error) {
    const code = codeOf(error);
    return { before, events, after, total, code };
  }
}
