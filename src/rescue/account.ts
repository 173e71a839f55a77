import type Database from 'better-sqlite3';
import { quote } from '../sqlite/names.ts';
import type { ChainReader } from './chain.ts';
import { hasColumns } from './has.ts';
import type { Model } from './model.ts';
import type { MissingRow, SeqRange, SessionReport, TableReport } from './report.ts';
import { namedValues, type RowReader } from './rows.ts';
import type { Scratch } from './scratch.ts';

/** Rows that are told one by one. */
const toldRows = 10_000;
const toldRanges = 50;

export interface Account {
  readonly tables: readonly TableReport[];
  readonly sessions: readonly SessionReport[];
  readonly missing: readonly MissingRow[];
}

interface Gap {
  lost: number;
  uncertain: number;
  readonly ranges: [number, number][];
  first: string | null;
  last: string | null;
}

/** What is in the rescued ledger and what is not, by table and by session. */
export function account(
  db: Database.Database,
  { db: scratch }: Scratch,
  model: Model,
  reader: RowReader,
  chains: ChainReader,
  placeholders: ReadonlySet<string>,
): Account {
  const gaps = new Map<string, Gap>();
  const missing: MissingRow[] = [];
  const entries = scratch.prepare('SELECT ix, file, at, cell FROM named WHERE tbl = ? AND row = ?').raw();
  scratch.exec('CREATE INDEX named_row ON named(tbl, row)');
  // A merge takes of another ledger what is named here, however many rows that are.
  scratch.exec('CREATE TABLE told(name TEXT, row INTEGER, what TEXT, id TEXT, session TEXT, time TEXT)');
  const note = scratch.prepare('INSERT INTO told VALUES (?,?,?,?,?,?)');
  const rows = scratch.prepare('SELECT DISTINCT tbl, row, what, why FROM missing ORDER BY tbl, row').raw();
  for (const [tableId, rowid, what, why] of rows.all() as [number, number, 'lost' | 'uncertain', string][]) {
    const table = model.tables[tableId];
    if (!table) continue;
    const named = (entries.all(tableId, rowid) as [number, number, number, number][]).flatMap(
      ([ix, file, at, cell]) => {
        const index = model.indexes[ix];
        return index ? [{ index, place: { file, at, cell } }] : [];
      },
    );
    const values = namedValues(reader, chains, named);
    const text = (name: string): string | null => (typeof values[name] === 'string' ? values[name] : null);
    const time = text('created_at');
    const session = table.name === 'sessions' ? text('id') : text('session_id');
    note.run(table.name, rowid, what, text('id'), session, time);
    if (missing.length < toldRows) missing.push({ table: table.name, rowid, what, why, id: text('id'), session, time });
    if (table.name !== 'events') continue;
    const key = session ?? '';
    const gap = gaps.get(key) ?? { lost: 0, uncertain: 0, ranges: [], first: null, last: null };
    gaps.set(key, gap);
    gap[what] += 1;
    extend(gap.ranges, rowid);
    if (time !== null && (gap.first === null || time < gap.first)) gap.first = time;
    if (time !== null && (gap.last === null || time > gap.last)) gap.last = time;
  }
  // A merge reads it after this process has ended.
  scratch.exec('COMMIT');
  return { tables: tablesOf(db, scratch, model), sessions: sessionsOf(db, gaps, placeholders), missing };
}

function extend(ranges: [number, number][], seq: number): void {
  const last = ranges.at(-1);
  if (last && last[1] === seq - 1) last[1] = seq;
  else if (ranges.length < toldRanges) ranges.push([seq, seq]);
}

function tablesOf(db: Database.Database, scratch: Database.Database, model: Model): readonly TableReport[] {
  const counts = scratch
    .prepare('SELECT tbl, what, count(DISTINCT row) AS n FROM missing GROUP BY tbl, what')
    .all() as { tbl: number; what: 'lost' | 'uncertain'; n: number }[];
  return model.tables.map(({ id, name }) => {
    const count = (what: 'lost' | 'uncertain'): number =>
      counts.find((one) => one.tbl === id && one.what === what)?.n ?? 0;
    const rescued = db
      .prepare(`SELECT count(*) FROM ${quote(name)}`)
      .pluck()
      .get() as number;
    return { table: name, rescued, lost: count('lost'), uncertain: count('uncertain') };
  });
}

interface Held {
  readonly session_id: string;
  readonly n: number;
  readonly first: number;
  readonly last: number;
}

function sessionsOf(
  db: Database.Database,
  gaps: ReadonlyMap<string, Gap>,
  placeholders: ReadonlySet<string>,
): readonly SessionReport[] {
  if (!hasColumns(db, 'sessions', 'id', 'title', 'status', 'created_at') || !hasColumns(db, 'events', 'session_id'))
    return [];
  const held = new Map(
    (
      db
        .prepare(
          'SELECT session_id, count(*) AS n, min(rowid) AS first, max(rowid) AS last FROM events GROUP BY session_id',
        )
        .all() as Held[]
    ).map((one) => [one.session_id, one]),
  );
  const rows = db.prepare('SELECT id, title, status FROM sessions ORDER BY created_at, id').all() as {
    id: string;
    title: string;
    status: string;
  }[];
  const known = new Set(rows.map(({ id }) => id));
  const nameless = [...gaps.keys()].filter((id) => !known.has(id)).map((id) => ({ id, title: null, status: null }));
  return [...rows, ...nameless].map(({ id, title, status }) => {
    const events = held.get(id);
    const gap = gaps.get(id);
    const placeholder = placeholders.has(id);
    return {
      id,
      title: placeholder ? null : title,
      status,
      placeholder,
      rescued: events?.n ?? 0,
      seqs: events ? ([events.first, events.last] satisfies SeqRange) : null,
      lost: gap?.lost ?? 0,
      uncertain: gap?.uncertain ?? 0,
      missingSeqs: gap?.ranges ?? [],
      missingTimes: gap?.first && gap.last ? ([gap.first, gap.last] as const) : null,
    };
  });
}
