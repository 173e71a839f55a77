import { randomUUID } from 'node:crypto';
import type { Database } from 'better-sqlite3';
import { now } from './clock.ts';

interface Event {
  /** The rowid: one sequence for all sessions, so that a session's own has gaps. */
  readonly seq: number;
  readonly id: string;
  readonly session_id: string;
  readonly kind: string;
  readonly payload_json: string;
  readonly created_at: string;
}

export interface EventPage {
  readonly events: readonly Event[];
  readonly nextCursor: { readonly afterSeq: number } | null;
  readonly hasMore: boolean;
}

/** The statements on `events`; each throws what SQLite throws. */
export interface Events {
  /** Up to `limit` events after the sequence number `after`, and no more than an answer should carry. */
  readonly page: (sessionId: string, after: number, limit: number) => EventPage;
  /** The sequence number of an event of a session; null when there is none. */
  readonly seqOf: (sessionId: string, id: string) => number | null;
  readonly insert: (sessionId: string, kind: string, payload: object) => void;
  readonly oldest: () => string | null;
}

/** Bytes of payload after which a page ends early; a client asks for the rest with its cursor. */
const pageBytes = 4 * 1024 ** 2;

export function prepareEvents(db: Database): Events {
  // The inner query reads the index alone; the rows of other pages are never touched.
  const page = db.prepare<[string, number, number], Event>(
    `SELECT rowid AS seq, id, session_id, kind, payload_json, created_at FROM events WHERE rowid IN (
       SELECT rowid FROM events INDEXED BY idx_events_session_created_at
       WHERE session_id = ? AND rowid > ? ORDER BY rowid LIMIT ?)
     ORDER BY rowid`,
  );
  const seqOf = db
    .prepare<[string, string], number>('SELECT rowid FROM events WHERE id = ? AND session_id = ?')
    .pluck();
  const insert = db.prepare(
    'INSERT INTO events (id, session_id, kind, payload_json, created_at) VALUES (?, ?, ?, ?, ?)',
  );
  const oldest = db.prepare<[], string | null>('SELECT min(created_at) FROM events').pluck();
  return {
    page: (sessionId, after, limit) => {
      const events: Event[] = [];
      let bytes = 0;
      let hasMore = false;
      for (const event of page.iterate(sessionId, after, limit + 1)) {
        hasMore = events.length === limit || (events.length > 0 && bytes + event.payload_json.length > pageBytes);
        if (hasMore) break;
        events.push(event);
        bytes += event.payload_json.length;
      }
      const last = events.at(-1);
      return { events, nextCursor: last ? { afterSeq: last.seq } : null, hasMore };
    },
    seqOf: (sessionId, id) => seqOf.get(id, sessionId) ?? null,
    insert: (sessionId, kind, payload) => insert.run(randomUUID(), sessionId, kind, JSON.stringify(payload), now()),
    oldest: () => oldest.get() ?? null,
  };
}
