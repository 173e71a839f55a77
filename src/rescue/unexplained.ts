import type Database from 'better-sqlite3';
import { quote } from '../sqlite/names.ts';
import { mapPages } from '../sqlite/page-map.ts';
import { openPages } from '../sqlite/pages.ts';
import type { ChainReader } from './chain.ts';
import { hasColumns } from './has.ts';
import { isLasting, type Model, type Table } from './model.ts';
import { RowReader } from './rows.ts';
import { origins, type Scratch } from './scratch.ts';
import type { Source } from './source.ts';
import { valueAt } from './values.ts';
import { everyRow, type Old } from './words.ts';

/** What came of a rescue, and what it left out without a word. */
interface Rescued {
  readonly db: Database.Database;
  readonly scratch: Scratch;
  readonly model: Model;
  readonly chains: readonly ChainReader[];
  readonly source: Source;
  readonly old: Old;
  /** Rows that one index names and others do not. */
  readonly strays: number;
}

/**
 * What contradicts that nothing more is lost, as clauses: rows that are named, counted or there, and neither given out nor told. Each of them may
 * have been deleted as well. Where writes never reached the disk, pages of different times lie side by side, each of them sound.
 */
export function unexplained(rescued: Rescued): readonly string[] {
  const { strays } = rescued;
  const orphans = countOrphans(rescued);
  const counted = countUnknown(rescued);
  const older = countOlder(rescued);
  return [
    ...(older > 0
      ? [
          `${rows(older)} of tables that change ${older === 1 ? 'was' : 'were'} read from replaced or free space: what changed since is lost`,
        ]
      : []),
    ...(strays > 0
      ? [`an index names ${rows(strays)} that no other index and no page has: deleted, or lost with newer pages`]
      : []),
    ...(orphans > 0
      ? [
          `${rows(orphans)} that no index names ${lie(orphans)} in pages that nothing leads to: deleted, or lost with what led to them`,
        ]
      : []),
    ...(counted > 0
      ? [
          `the full-text index has ${counted === 1 ? '1 event' : `${counted} events`} that nothing else names: deleted, or lost with newer pages`,
        ]
      : []),
  ];
}

/**
 * Pages that belong to nothing where all else is sound, as a clause: SQLite leaves none. Either they are newer than what should lead to
 * them, so that other pages may be older than they were, too, or they are free pages that a damaged list lacks.
 */
export function unownedPages({ main, wal, isWalForeign }: Source): readonly string[] {
  const pages = main && openPages(main, isWalForeign ? null : wal);
  if (!pages) return [];
  const { isMapped, problems, problemCount, owners } = mapPages(pages, { whole: true, leafMs: 0, hurry: () => false });
  const shared = problems.filter(({ kind, free }) => kind === 'twice' && !free).length;
  if (isMapped && owners && shared > 0 && pages.count > owners.claimed())
    return [
      `${shared === 1 ? '1 page is' : `${shared} pages are`} in two trees, and others in none: rows of one of the two may be lost`,
    ];
  const ofFreelist = problems.filter(({ kind, free }) => kind === 'freelist' || kind === 'unowned' || free === true);
  if (!isMapped || !owners || ofFreelist.length < problemCount) return [];
  const unowned = pages.count - owners.claimed();
  const inUse = problems.filter(({ free, trees }) => free && trees.length > 0);
  // What lies below an interior or an overflow page on the list was not followed.
  if (!inUse.every(({ page }) => leafTypes.includes(pages.read(page, pages.buffer())?.[0] ?? 0))) return [];
  let free = -inUse.length;
  for (let page = 1; page <= pages.count; page += 1) {
    const use = owners.of(page)?.use;
    if (use === 'trunk' || use === 'free') free += 1;
  }
  if (unowned <= 0 || free + unowned === pages.header.freePages) return [];
  return [
    `${unowned === 1 ? '1 page belongs' : `${unowned} pages belong`} to nothing, and what is in use is sound: some of it may be older than it was`,
  ];
}

const slack = origins.indexOf('slack');

const leafTypes = [10, 13];

const rows = (count: number): string => (count === 1 ? '1 row' : `${count} rows`);
const lie = (count: number): string => (count === 1 ? 'lies' : 'lie');

/** Rows that came from no page that their table leads to, of tables whose rows are updated: those of events are not. */
function countOlder({ scratch, model }: Rescued): number {
  const found = scratch.db.prepare('SELECT tbl, count(*) FROM winner WHERE origin >= ? GROUP BY tbl').raw();
  const counts = new Map(found.all(slack) as (readonly [table: number, rows: number])[]);
  const changing = model.tables.filter((table) => !isLasting(table));
  return changing.reduce((sum, { id }) => sum + (counts.get(id) ?? 0), 0);
}

/** Rows of pages that nothing leads to, but for those that went with their session: older rows than the last, of a session that is not there. */
function countOrphans({ db, scratch, model, chains, source }: Rescued): number {
  const reader = new RowReader(source);
  const isThere = hasColumns(db, 'sessions', 'id')
    ? db.prepare('SELECT count(*) FROM sessions WHERE id = ?').pluck()
    : null;
  const last = new Map<number, number>();
  let count = 0;
  const orphans = scratch.db.prepare('SELECT tbl, row, file, at, cell, chain FROM orphan').raw();
  for (const [id, rowid, file, at, cell, chain] of orphans.iterate() as IterableIterator<OrphanRow>) {
    const table = model.tables[id] as Table;
    if (!last.has(id)) last.set(id, lastOf(db, table));
    const position = table.name === 'events' ? table.columns.findIndex(({ name }) => name === 'session_id') : -1;
    const own = position < 0 ? null : reader.load({ file, at, cell }, true, chains[chain] as ChainReader);
    const session = own && position < reader.record.columns ? valueAt(reader.record, position) : null;
    const isOfSession = typeof session === 'string' && isThere?.get(session) === 1;
    if (isOfSession || rowid > (last.get(id) ?? 0)) count += 1;
  }
  return count;
}

type OrphanRow = readonly [table: number, rowid: number, file: number, at: number, cell: number, chain: number];

const lastOf = (db: Database.Database, { name }: Table): number =>
  (db
    .prepare(`SELECT max(rowid) FROM ${quote(name)}`)
    .pluck()
    .get() as number | null) ?? 0;

/** Events whose length the full-text index keeps, and that are neither in the rescued ledger nor told as missing. */
function countUnknown({ db, scratch, model, old }: Rescued): number {
  const events = model.tables.find(({ name }) => name === 'events');
  const root = old.objects.find(({ type, name }) => type === 'table' && name === 'events_fts_docsize')?.root ?? 0;
  if (!events || root === 0 || !hasColumns(db, 'events', 'id')) return 0;
  scratch.db.exec('CREATE INDEX missing_row ON missing(tbl, row)');
  const isTold = scratch.db.prepare('SELECT count(*) FROM missing WHERE tbl = ? AND row = ?').pluck();
  const held = db.prepare('SELECT rowid FROM events ORDER BY rowid').pluck().iterate() as IterableIterator<number>;
  let next = held.next();
  let count = 0;
  everyRow(old.image, old.format, old.chains, root, true, (seq) => {
    const rowid = Number(seq);
    while (!next.done && next.value < rowid) next = held.next();
    if ((next.done || next.value !== rowid) && isTold.get(events.id, rowid) === 0) count += 1;
    return true;
  });
  // A database that is still read from cannot be changed.
  held.return?.();
  return count;
}
