import { setTimeout as sleep } from 'node:timers/promises';
import * as v from 'valibot';
import { noSessions } from '../../store/no-sessions.ts';
import { CannotSee } from '../host.ts';
import type { Look } from '../look.ts';
import { by, flag, id, identifier, list, maybe, number, oneOf, text, time, type ValueOf } from '../shape.ts';
import { readStore } from '../store.ts';

const row = () => v.object({ id, status: text, harness: text, createdAt: time, updatedAt: time, external: flag });
export type SessionRow = ValueOf<typeof row>;

/** A value of a session row for which Coven refuses to list any session. */
const impossibleValue = () =>
  v.object({
    id,
    rowid: number,
    column: identifier,
    /** What it is, where Coven demands something else: a type of SQLite, or what is wrong with a text or a number. */
    holds: oneOf([
      'blob',
      'text',
      'real',
      'integer',
      'not-utf8',
      'beyond-32-bits',
      'not-json',
      'not-a-list',
      'not-an-object',
    ]),
  });
export type ImpossibleValue = ValueOf<typeof impossibleValue>;

export const schema = () =>
  v.object({
    outcome: oneOf(['read', 'not-opened', 'no-table', 'failed']),
    code: maybe(text),
    byStatus: by(number),
    /**
     * The newest 20,000 sessions of the last 30 days, by the day they were made on (UTC, `2026-11-25`) and their status
     * now, oldest first.
     */
    byDay: list(v.object({ day: time, status: text, sessions: number })),
    /**
     * Rows `created` or `running`, newest first, as they stood at every look. Each is held against every process; no
     * reading keeps more.
     */
    open: list(row(), 500),
    openComplete: flag,
    /** Sessions made in the last 24 hours, and how many of them ended badly. */
    recent: v.object({ made: number, failed: number, orphaned: number }),
    /** The newest sessions that Coven ran itself, newest first. */
    latest: v.optional(list(v.object({ id, status: text, createdAt: time }), 50), []),
    /** Project folders of the newest sessions, newest first. */
    projects: list(text),
    /** What is dated over an hour ahead of this machine's clock: how many, the last time, and the first sessions. */
    ahead: v.optional(
      v.object({
        sessions: number,
        events: number,
        lastAt: maybe(time),
        /** Events of a session: null where they were not counted. */
        list: list(v.object({ id, createdAt: time, events: maybe(number) })),
      }),
      { sessions: 0, events: 0, lastAt: null, list: [] },
    ),
    /** What the retention of events goes by; counted to a bound. */
    behind: v.optional(
      v.object({
        /** Dated before there was any Coven, of how many sessions, and the first time. */
        events: number,
        sessions: number,
        firstAt: maybe(time),
        /** The latest time of any event, and how many events there are. */
        newestAt: maybe(time),
        all: number,
      }),
      { events: 0, sessions: 0, firstAt: null, newestAt: null, all: 0 },
    ),
    /** Encrypted records of sessions (`sensitive_artifacts`), which only the key of the home opens. */
    artifacts: v.optional(number, 0),
    oldestArtifactAt: v.optional(maybe(time), null),
    /** What SQLite takes and Coven cannot work with. */
    content: v.optional(
      v.object({
        /** Sessions of Coven's own with a status in another spelling than its own, newest first; another word may be a later Coven's. */
        unknownStatus: list(v.object({ id, status: text }), 20),
        /** Sessions that events name and that are not there; null where that was not looked up. */
        lost: maybe(list(id, 20)),
        /** The numbers of events are at the end of what there can be; null where that was not looked up. */
        sequenceAtEnd: maybe(flag),
        /** An event that no answer of the daemon has room for. */
        largeEvent: maybe(v.object({ sessionId: id, bytes: number })),
      }),
      { unknownStatus: [], lost: null, sequenceAtEnd: null, largeEvent: null },
    ),
    impossible: v.optional(list(impossibleValue()), []),
    /** Every row was read for that. */
    impossibleComplete: v.optional(flag, false),
    /** Looks at the rows, at least a second apart, after the processes were listed. */
    looks: number,
  });
export type StoreSessions = ValueOf<typeof schema>;

/** A row is believed to stand without its process only when it still does after this long. */
const secondLookMs = 1000;

/**
 * The session rows. While a process has the ledger open, rows whose process is not seen are looked at once more:
 * a session that ends just now has lost its process and keeps its row for some milliseconds.
 */
export async function take(look: Look): Promise<StoreSessions> {
  const processes = await look.observe('processes').catch(() => null);
  const { open, sessions, again } = await look.once(readStore);
  if (open.outcome !== 'opened') return { ...noSessions, outcome: 'not-opened', code: null, looks: 0 };
  if (!sessions) throw new CannotSee('overran', 'the time allowed ended before the sessions were read');
  const seen = new Set(processes?.list.map(({ sessionId }) => sessionId));
  const suspicious = sessions.open.some(
    ({ id, status, external }) => status === 'running' && !external && !seen.has(id),
  );
  if (!suspicious || open.way !== 'in-place') return { ...sessions, looks: 1 };
  await sleep(secondLookMs, undefined, { signal: look.signal });
  const later = await again();
  if (later?.outcome !== 'read') return { ...sessions, looks: 1 };
  const still = new Map(later.open.map((row) => [row.id, row]));
  const stands = sessions.open.filter((row) => still.get(row.id)?.status === row.status);
  return { ...later, open: stands, looks: 2 };
}
