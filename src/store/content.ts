import type { Database } from 'better-sqlite3';
import { largestEventBytes, sessionStatuses } from '../coven/contract.ts';
import type { StoreSessions } from '../model/observation.ts';
import { patience } from '../sqlite/patience.ts';
import { whole } from '../sqlite/whole.ts';
import { areIndexed } from './indexed.ts';

/** So many of each are told. */
const told = 20;
/** Sessions of events that are held against the sessions there are, and rows of events that are measured in one query. */
const [mostSessions, run] = [50_000, 4096];
/** For the sizes of events behind the first ones. Measuring one reads its page, and nothing of what lies beyond that. */
const budgetMs = 50;

/** Rowids from here on are near the last one there can be, 2^63-1: SQLite takes any that is free after it. */
const nearEnd = (1n << 63n) - 1_000_000n;

/**
 * What SQLite takes and Coven cannot work with. `hasEvents` is whether `db` holds the rows of the events; each question about
 * them is answered by an index, or has an end in time.
 */
export function readContent(
  db: Database,
  hasEvents: boolean,
  statuses: readonly string[],
): Pick<StoreSessions, 'content'> {
  const hasUnknown = !statuses.every((status) => sessionStatuses.includes(status));
  return {
    content: {
      unknownStatus: hasUnknown ? unknownStatus(db) : [],
      ...(hasEvents ? ofEvents(db) : { lost: null, sequenceAtEnd: null, largeEvent: null }),
    },
  };
}

/** Damaged events are told by the checks of the pages: the sessions are there all the same. */
function ofEvents(db: Database): Omit<StoreSessions['content'], 'unknownStatus'> {
  try {
    return { lost: lostSessions(db), sequenceAtEnd: isSequenceAtEnd(db), largeEvent: largeEvent(db) };
  } catch {
    return { lost: null, sequenceAtEnd: null, largeEvent: null };
  }
}

/** Rows of other programs may say what they like. */
function unknownStatus(db: Database): StoreSessions['content']['unknownStatus'] {
  const known = sessionStatuses.map((status) => `'${status}'`).join();
  const external = db.prepare("SELECT 1 FROM pragma_table_info('sessions') WHERE name = 'external'").get();
  return db
    .prepare(
      `SELECT ${whole('id', 128)}, ${whole('status', 40)} FROM sessions
        WHERE status NOT IN (${known}) AND lower(trim(status)) IN (${known}) AND id <> '__cockpit__' ${external ? 'AND external = 0' : ''}
        ORDER BY created_at DESC LIMIT ${told}`,
    )
    .all() as StoreSessions['content']['unknownStatus'];
}

/** Sessions that events name and that are not there. Null where not every event could be asked: without an index, or among too many sessions. */
function lostSessions(db: Database): readonly string[] | null {
  if (!areIndexed(db, 'session_id')) return null;
  // One step through the index for each session, however many events it has.
  const found = db
    .prepare(
      `WITH RECURSIVE named(id, n) AS (
         SELECT min(session_id), 1 FROM events
         UNION ALL SELECT (SELECT min(session_id) FROM events WHERE session_id > named.id), n + 1 FROM named
                    WHERE named.id IS NOT NULL AND n < ${mostSessions})
       SELECT ${whole('id', 128)}, NOT EXISTS (SELECT 1 FROM sessions WHERE sessions.id = named.id) AS lost FROM named
        WHERE id IS NOT NULL AND (lost OR n = ${mostSessions}) LIMIT ${told}`,
    )
    .all() as { id: string; lost: number }[];
  const lacking = found.flatMap((one) => (one.lost ? [one.id] : []));
  // An index may lack what its table has: only the table says that a session is not there.
  const lost = withoutRow(db, lacking);
  if (lost.length === 0 && lacking.length > 0) return null;
  // Behind the last one that was asked for there may be others.
  return lost.length === 0 && found.length > 0 ? null : lost;
}

function withoutRow(db: Database, ids: readonly string[]): readonly string[] {
  if (ids.length === 0) return [];
  const there = new Set(
    db
      .prepare(`SELECT ${whole('id', 128)} FROM sessions NOT INDEXED WHERE id IN (${ids.map(() => '?').join()})`)
      .pluck()
      .all(...ids),
  );
  return ids.filter((id) => !there.has(id));
}

function isSequenceAtEnd(db: Database): boolean {
  const last = db.prepare('SELECT max(rowid) FROM events').pluck().safeIntegers().get() as bigint | null;
  return last !== null && last >= nearEnd;
}

/** The largest event of those that no answer of the daemon has room for. Null where there is none, or that was not read in time. */
function largeEvent(db: Database): StoreSessions['content']['largeEvent'] {
  const bytes = Number(db.pragma('page_count', { simple: true })) * Number(db.pragma('page_size', { simple: true }));
  if (bytes < largestEventBytes) return null;
  const isOver = patience(budgetMs);
  const measure = db
    .prepare(
      `SELECT max(id) AS last, max(size) AS size, count(*) AS n FROM
         (SELECT rowid AS id, octet_length(payload_json) AS size FROM events WHERE rowid > ? ORDER BY rowid LIMIT ${run})`,
    )
    .safeIntegers();
  const inRun = db.prepare(
    `SELECT ${whole('session_id', 128, 'sessionId')}, octet_length(payload_json) AS bytes FROM events
      WHERE rowid > ? AND octet_length(payload_json) = ? ORDER BY rowid LIMIT 1`,
  );
  let last = -(1n << 63n);
  do {
    const found = measure.get(last) as { last: bigint | null; size: bigint | null; n: bigint };
    if (found.size !== null && found.size > BigInt(largestEventBytes))
      return inRun.get(last, found.size) as StoreSessions['content']['largeEvent'];
    if (found.last === null || found.n < BigInt(run)) return null;
    last = found.last;
  } while (!isOver());
  return null;
}
