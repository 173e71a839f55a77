import type { Database } from 'better-sqlite3';
import { aheadMost, covenSince } from '../coven/contract.ts';
import type { StoreSessions } from '../model/observation.ts';
import { areIndexed } from './indexed.ts';

/**
 * What the retention of events goes by: the newest of them, and those that are dated before there was any Coven, as a clock that
 * had stopped leaves them. Times are compared as texts, as Coven compares them, and looked up by an index alone. No more than
 * `aheadMost` are counted.
 */
export function readBehind(db: Database, hasEvents: boolean): StoreSessions['behind'] {
  if (!hasEvents || !areIndexed(db, 'created_at')) return none;
  const { events, sessions, firstAt } = db
    .prepare(
      `SELECT count(*) AS events, count(DISTINCT session_id) AS sessions, min(created_at) AS firstAt
         FROM (SELECT session_id, created_at FROM events WHERE created_at < ? ORDER BY created_at LIMIT ${aheadMost})`,
    )
    .get(covenSince) as { events: number; sessions: number; firstAt: string | null };
  const newestAt = db.prepare('SELECT max(created_at) FROM events').pluck().get();
  const all = db.prepare(`SELECT count(*) FROM (SELECT 1 FROM events LIMIT ${aheadMost})`).pluck().get();
  return {
    events,
    sessions,
    firstAt: timeOf(firstAt),
    newestAt: timeOf(newestAt),
    all: Number(all),
  };
}

const none = { events: 0, sessions: 0, firstAt: null, newestAt: null, all: 0 };

const timeOf = (value: unknown): string | null => (typeof value === 'string' ? value.slice(0, 40) : null);
