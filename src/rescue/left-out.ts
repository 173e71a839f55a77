import type Database from 'better-sqlite3';
import { extend, gapsOf, type SeenEvent } from './gaps.ts';
import { hasColumns } from './has.ts';
import type { MissingRow, RescueReport, SeqRange, SessionReport } from './report.ts';

/** Rows that are told one by one. */
const toldRows = 10_000;

/** What is known of events that nothing names. */
export interface Bounds {
  /** Pages of the events are damaged, and no index of theirs is whole that would name each. */
  readonly isBlind: boolean;
  /** More events than the files had room for. */
  readonly mostEvents: number;
}

/** A row that is named and not in the rescued ledger; `filled`: another ledger brought it, into this session. */
export interface NamedRow extends MissingRow {
  readonly filled: string | null;
}

interface Missing {
  lost: number;
  uncertain: number;
  readonly ranges: [number, number][];
  first: string | null;
  last: string | null;
}

export type LeftOut = Pick<RescueReport, 'sessions' | 'missing' | 'unaccounted'>;

/** What is not in the rescued ledger, row by row and by session. `named` is in the order of seqs within each table. */
export function leftOut(
  db: Database.Database,
  named: () => Iterable<NamedRow>,
  placeholders: ReadonlySet<string>,
  { isBlind, mostEvents }: Bounds,
): LeftOut {
  const bySession = new Map<string, Missing>();
  const missing: MissingRow[] = [];
  for (const { filled, ...row } of named()) {
    if (filled !== null) continue;
    if (missing.length < toldRows) missing.push(row);
    if (row.table === 'events') count(bySession, row);
  }
  const hasNameless = bySession.has('');
  const hasEvents = hasColumns(db, 'events', 'session_id');
  const gaps = gapsOf(hasEvents && (isBlind || hasNameless) ? seenEvents(db, named()) : [], isBlind);
  const told = { bySession, placeholders, likely: gaps.likely, mayLackAll: isBlind || hasNameless };
  return {
    missing,
    sessions: hasEvents ? sessionsOf(db, told) : [],
    unaccounted: isBlind
      ? { events: Math.min(gaps.unaccounted, mostEvents), seqs: gaps.seqs, last: gaps.last === 0 ? null : gaps.last }
      : null,
  };
}

function count(bySession: Map<string, Missing>, { rowid, what, session, time }: MissingRow): void {
  const key = session ?? '';
  const own = bySession.get(key) ?? { lost: 0, uncertain: 0, ranges: [], first: null, last: null };
  bySession.set(key, own);
  own[what] += 1;
  extend(own.ranges, rowid, rowid);
  if (time !== null && (own.first === null || time < own.first)) own.first = time;
  if (time !== null && (own.last === null || time > own.last)) own.last = time;
}

/** Events of the rescued ledger and those that are named, in the order of their seqs. */
function* seenEvents(db: Database.Database, named: Iterable<NamedRow>): Iterable<SeenEvent> {
  const rows = db.prepare('SELECT rowid, session_id FROM events ORDER BY rowid').raw();
  const held = rows.iterate() as IterableIterator<[seq: number, session: string]>;
  let next = held.next();
  for (const { table, rowid, session, filled } of named) {
    if (table !== 'events') continue;
    for (; !next.done && next.value[0] <= rowid; next = held.next())
      yield { seq: next.value[0], session: next.value[1], isHeld: true };
    yield { seq: rowid, session: filled ?? session, isHeld: false };
  }
  for (; !next.done; next = held.next()) yield { seq: next.value[0], session: next.value[1], isHeld: true };
}

interface Held {
  readonly session_id: string;
  readonly n: number;
  readonly first: number;
  readonly last: number;
}

function sessionsOf(
  db: Database.Database,
  told: {
    readonly bySession: ReadonlyMap<string, Missing>;
    readonly placeholders: ReadonlySet<string>;
    readonly likely: ReturnType<typeof gapsOf>['likely'];
    readonly mayLackAll: boolean;
  },
): readonly SessionReport[] {
  if (!hasColumns(db, 'sessions', 'id', 'title', 'status', 'created_at')) return [];
  const held = new Map(
    (
      db
        .prepare(
          'SELECT session_id, count(*) AS n, min(rowid) AS first, max(rowid) AS last FROM events GROUP BY session_id',
        )
        .all() as Held[]
    ).map((one) => [one.session_id, one]),
  );
  // Sessions of other programs have no events.
  const external = hasColumns(db, 'sessions', 'external') ? 'external' : '0';
  const rows = db
    .prepare(`SELECT id, title, status, ${external} AS external FROM sessions ORDER BY created_at, id`)
    .all() as { id: string; title: string; status: string; external: number }[];
  const known = new Set(rows.map(({ id }) => id));
  const others = [...told.bySession.keys()]
    .filter((id) => !known.has(id))
    .map((id) => ({ id, title: null, status: null, external: 0 }));
  return [...rows, ...others].map(({ id, title, status, external }) => {
    const events = held.get(id);
    const own = told.bySession.get(id);
    const placeholder = told.placeholders.has(id);
    const hasRun = status !== null && status !== 'created' && external !== 1;
    return {
      id,
      title: placeholder ? null : title,
      status,
      placeholder,
      rescued: events?.n ?? 0,
      seqs: events ? ([events.first, events.last] satisfies SeqRange) : null,
      lost: own?.lost ?? 0,
      uncertain: own?.uncertain ?? 0,
      missingSeqs: own?.ranges ?? [],
      missingTimes: own?.first && own.last ? ([own.first, own.last] as const) : null,
      likely: told.likely.get(id) ?? null,
      eventless: told.mayLackAll && hasRun && !events,
    };
  });
}
