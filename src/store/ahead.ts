import type { Database } from 'better-sqlite3';
import { aheadMost } from '../coven/contract.ts';
import type { StoreSessions } from '../model/observation.ts';
import { whole } from '../sqlite/whole.ts';
import { areIndexed } from './indexed.ts';

/** A clock may be set back by as much, as by an NTP server. */
const aheadMs = 3_600_000;
const told = 20;

/**
 * Sessions and events that are dated in the future, as a clock that was ahead leaves them. `hasEvents` is whether `db` holds
 * the rows of the events; they are counted by an index alone. No more than `aheadMost` of each are counted.
 */
export function readAhead(db: Database, hasEvents: boolean): StoreSessions['ahead'] {
  const from = new Date(Date.now() + aheadMs).toISOString();
  // A damaged time sorts behind every date, and is told by its own words.
  const isAhead = (column: string): string =>
    `${column} > ? AND ${column} GLOB '[2-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]T*'`;
  const isDate = isAhead('created_at');
  const count = (table: string) =>
    db
      .prepare(
        `SELECT count(*) AS n, max(created_at) AS lastAt
           FROM (SELECT created_at FROM ${table} WHERE ${isDate} ORDER BY created_at DESC LIMIT ${aheadMost})`,
      )
      .get(from) as {
      n: number;
      lastAt: string | null;
    };
  const ofSessions = count('sessions');
  const changed = db
    .prepare(
      `SELECT count(*) AS n, max(updated_at) AS lastAt FROM sessions WHERE ${isAhead('updated_at')} AND NOT (${isDate})`,
    )
    .get(from, from) as { n: number; lastAt: string | null };
  const sessions = { n: ofSessions.n + changed.n, lastAt: [ofSessions.lastAt, changed.lastAt] };
  const events = hasEvents && areIndexed(db, 'created_at') ? count('events') : { n: 0, lastAt: null };
  const ofSession =
    hasEvents && areIndexed(db, 'session_id')
      ? `(SELECT count(*) FROM (SELECT 1 FROM events WHERE session_id = sessions.id LIMIT ${aheadMost}))`
      : 'NULL';
  const list = db
    .prepare(
      `SELECT ${whole('id', 128)}, ${whole('created_at', 40, 'createdAt')}, ${ofSession} AS events
         FROM sessions WHERE ${isDate} AND id <> '__cockpit__' ORDER BY created_at LIMIT ${told}`,
    )
    .all(from) as StoreSessions['ahead']['list'];
  const lastAt =
    [...sessions.lastAt, events.lastAt]
      .filter((at) => at !== null)
      .sort()
      .at(-1) ?? null;
  return { sessions: sessions.n, events: events.n, lastAt: lastAt === null ? null : lastAt.slice(0, 40), list };
}
