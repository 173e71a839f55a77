import type Database from 'better-sqlite3';
import { whole, wholeValue } from '../sqlite/whole.ts';
import { gapsOf, type SeenEvent } from './gaps.ts';
import { hasColumns } from './has.ts';
import { isIncomplete } from './outcome.ts';
import type { LeftOut, MissingRow, SessionReport } from './report.ts';
import { type SessionNotes, sessionNotes } from './session-notes.ts';

/** Rows, and sessions, that are told one by one. */
const toldRows = 10_000;
const toldSessions = 10_000;
/** Characters of what is told as it is: of ids and times, and of titles, which are prompts. */
const [longestWord, longestTitle] = [200, 2000];

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

/** What is not in the rescued ledger, row by row and by session. `named` is in the order of seqs within each table. */
export function leftOut(
  db: Database.Database,
  named: () => Iterable<NamedRow>,
  placeholders: ReadonlySet<string>,
  { isBlind, mostEvents }: Bounds,
): LeftOut {
  const notes = sessionNotes();
  try {
    const missing: MissingRow[] = [];
    for (const { filled, ...row } of named()) {
      if (filled !== null) continue;
      if (missing.length < toldRows) missing.push(told(row));
      if (row.table === 'events') notes.miss(row);
    }
    const hasNameless = notes.lacks('');
    const hasEvents = hasColumns(db, 'events', 'session_id');
    const seen = hasEvents && (isBlind || hasNameless) ? seenEvents(db, named()) : [];
    const gaps = gapsOf(seen, isBlind, notes.join);
    const mayLackAll = isBlind || hasNameless;
    return {
      missing,
      placeholders: placeholders.size,
      ...(hasEvents
        ? sessionsOf(db, notes, { placeholders, mayLackAll })
        : { sessions: [], omittedSessions: 0, incompleteSessions: 0 }),
      unaccounted: isBlind
        ? { events: Math.min(gaps.unaccounted, mostEvents), seqs: gaps.seqs, last: gaps.last === 0 ? null : gaps.last }
        : null,
    };
  } finally {
    notes.close();
  }
}

/** Its words may be as long as a row can be. */
function told(row: MissingRow): MissingRow {
  const short = (text: string | null): string | null => wholeValue(text, longestWord) as string | null;
  return { ...row, id: short(row.id), session: short(row.session), time: short(row.time) };
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

interface SessionRow {
  readonly id: string;
  readonly title: string | null;
  readonly status: string | null;
  readonly external: number;
}

/** A session with its place among all. */
interface Listed {
  readonly at: number;
  readonly session: SessionReport;
}

/**
 * Sessions by the time at which they were made: of more than are told, those that are not complete. Of a ledger with any number of
 * them no more is held in memory than is told.
 */
function sessionsOf(
  db: Database.Database,
  notes: SessionNotes,
  { placeholders, mayLackAll }: { readonly placeholders: ReadonlySet<string>; readonly mayLackAll: boolean },
): Pick<LeftOut, 'sessions' | 'omittedSessions' | 'incompleteSessions'> {
  if (!hasColumns(db, 'sessions', 'id', 'title', 'status', 'created_at'))
    return { sessions: [], omittedSessions: 0, incompleteSessions: 0 };
  notes.countHeld(db);
  const sessionOf = ({ id, title, status, external }: SessionRow): SessionReport => {
    const [held, missed] = [notes.heldOf(id), notes.missedOf(id)];
    const isPlaceholder = placeholders.has(id);
    const hasRun = status !== null && status !== 'created' && external !== 1;
    const times = missed?.times?.map((time) => String(wholeValue(time, longestWord)));
    return {
      id: wholeValue(id, longestWord) as string,
      title: isPlaceholder ? null : (wholeValue(title, longestTitle) as string | null),
      status: wholeValue(status, longestWord) as string | null,
      placeholder: isPlaceholder,
      rescued: held?.events ?? 0,
      seqs: held?.seqs ?? null,
      lost: missed?.lost ?? 0,
      uncertain: missed?.uncertain ?? 0,
      missingSeqs: missed?.seqs ?? [],
      missingTimes: times ? [times[0] ?? '', times[1] ?? ''] : null,
      likely: notes.likelyOf(id),
      eventless: mayLackAll && hasRun && !held,
    };
  };
  const complete: Listed[] = [];
  const others: Listed[] = [];
  let [all, incompleteSessions] = [0, 0];
  const list = (row: SessionRow): void => {
    const at = all;
    all += 1;
    const mayBe = placeholders.has(row.id) || mayLackAll || notes.lacks(row.id);
    if (!mayBe && complete.length >= toldSessions) return;
    const session = sessionOf(row);
    const isHurt = isIncomplete(session);
    if (isHurt) incompleteSessions += 1;
    // What is missing of no known session is told in any case.
    const into = isHurt || row.id === '' ? others : complete;
    if (into.length < toldSessions || row.id === '') into.push({ at, session });
  };
  // Sessions of other programs have no events.
  const external = hasColumns(db, 'sessions', 'external') ? 'external' : '0';
  const rows = db.prepare(
    `SELECT id, ${whole('title', longestTitle)}, ${whole('status', longestWord)}, ${external} AS external
       FROM sessions ORDER BY created_at, id`,
  );
  for (const row of rows.iterate() as IterableIterator<SessionRow>) list(row);
  const isKnown = db.prepare('SELECT 1 FROM sessions WHERE id = ?').pluck();
  for (const id of notes.sessions())
    if (isKnown.get(id) === undefined) list({ id, title: null, status: null, external: 0 });
  const room = Math.max(0, toldSessions - others.length);
  const sessions = [...others, ...complete.slice(0, room)]
    .sort((one, other) => one.at - other.at)
    .map(({ session }) => session);
  return { sessions, omittedSessions: all - sessions.length, incompleteSessions };
}
