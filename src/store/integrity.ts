import type { Database } from 'better-sqlite3';
import type { StoreIntegrity, TableReading } from '../model/observation.ts';
import { wholeBytes } from '../sqlite/bytes.ts';
import { isOfSearch as isLineOfSearch, neverUsed, ofIndex, searchRoots } from '../sqlite/check-lines.ts';
import { codeOf, quote } from '../sqlite/names.ts';
import { patience } from '../sqlite/patience.ts';
import type { OpenRequest } from './protocol.ts';
import { hasSearch, readSearch } from './search.ts';
import { countRows, readRows } from './table.ts';

/** Largest live ledger whose pages are checked in one read transaction: a longer one would pin the daemon's WAL. */
export const liveCheckBytes = 512 * 1024 ** 2;

const never = (): boolean => false;

/** Milliseconds of CPU time in which the words of events are counted that an index has otherwise: beside a daemon, its WAL is pinned. */
const searchMs = 3000;

const problemLimit = 20;

/** Tables whose loss is the loss of sessions, read before all others. */
const core = ['sessions', 'events', 'store_meta'];

/** Bytes of all pages of a ledger. */
export function sizeOf(db: Database): number {
  const pragma = (name: string): number => Number(db.pragma(name, { simple: true }));
  return pragma('page_count') * pragma('page_size');
}

/** What is known before all is read. */
export type Progress = Pick<StoreIntegrity, 'tables' | 'problems' | 'indexProblems'>;

/**
 * Reads what the ledger holds: its pages through SQLite's own check where that is bounded, and every value of every row in
 * short transactions where that check was not made or found something, or with `deep`. The bounded depth stops when its
 * budget is spent and says how far it got.
 */
export function readTables(
  db: Database,
  { deep, scratch, budgetMs }: Pick<OpenRequest, 'deep' | 'scratch' | 'budgetMs'>,
  progress: (found: Progress, at: 'pages' | 'rows') => void,
): StoreIntegrity {
  const isOver = deep ? never : patience(budgetMs);
  const bytes = sizeOf(db);
  const pagesWhole = bytes <= wholeBytes || (deep && (scratch !== null || bytes <= liveCheckBytes));
  const lines: string[] = [];
  const roots = searchRoots(db);
  const isOfTree = (line: string): boolean => isLineOfSearch(line, roots);
  // Pages below one of its pages that cannot be read are used by nothing that SQLite sees.
  const isOfSearch = (line: string): boolean => isOfTree(line) || (neverUsed.test(line) && lines.some(isOfTree));
  const found = (): Omit<Progress, 'tables'> => ({
    problems: lines.filter((line) => !ofIndex.test(line) && !isOfSearch(line)),
    indexProblems: lines.filter((line) => ofIndex.test(line)),
  });
  const tables: TableReading[] = [];
  if (pagesWhole) checkPages(db, lines, () => progress({ tables, ...found() }, 'pages'));
  // Its problems may be as many as are told, before any of the other tables.
  if (lines.length > 0 && lines.every(isOfSearch))
    lines.push(...ordinaryTables(db).flatMap((name) => checkTable(db, name)));
  const { problems } = found();
  let isSearchDamaged = lines.some(isOfSearch);
  const { names, all } = tableNames(db);
  // Pages that SQLite found whole need no second reading for their rows to be there.
  const counted = pagesWhole && problems.length === 0 && !deep;
  const tellRows = (): void => (counted ? undefined : progress({ tables, ...found() }, 'rows'));
  tellRows();
  for (const table of names) {
    const reading = counted ? countRows(db, table) : readRows(db, table, isOver);
    // What the full-text index keeps is built anew from the events.
    const isSearch = table.startsWith('events_fts_') && reading.problem !== null;
    isSearchDamaged ||= isSearch;
    tables.push(isSearch ? { ...reading, problem: null } : reading);
    tellRows();
  }
  const isSearchOver = deep && scratch !== null ? never : patience(searchMs);
  return {
    outcome: 'read',
    depth: deep ? 'whole' : 'bounded',
    complete: all && tables.every(({ complete }) => complete) && (pagesWhole || !deep || scratch === null),
    tables,
    ...found(),
    search:
      (pagesWhole && problems.length === 0) || isSearchDamaged
        ? readSearch(db, isSearchDamaged, bytes, isSearchOver)
        : null,
  };
}

function checkPages(db: Database, problems: string[], progress: () => void): void {
  try {
    for (const line of db.prepare(`PRAGMA integrity_check(${problemLimit})`).pluck().iterate()) {
      // One row may hold many lines, under a heading that says which database they are about.
      for (const problem of String(line).split('\n')) {
        if (problem !== 'ok' && !problem.startsWith('***'))
          problems.push(problem.length <= 200 ? problem : `‹line:${problem.length} chars›`);
      }
      if (problems.length > 0) progress();
      if (problems.length >= problemLimit) break;
    }
  } catch (error) {
    // A full-text index that cannot be read ends the whole check without a word on anything else.
    const found = ordinaryTables(db).flatMap((name) => checkTable(db, name));
    problems.push(
      ...(found.length > 0 ? found : [hasSearch(db) ? `inverted index for FTS5: ${codeOf(error)}` : codeOf(error)]),
    );
  }
}

const ordinaryTables = (db: Database): readonly string[] =>
  tableNames(db).names.filter((name) => !name.startsWith('events_fts'));

function checkTable(db: Database, table: string): readonly string[] {
  try {
    const lines = db
      .prepare(`PRAGMA integrity_check(${quote(table)})`)
      .pluck()
      .all() as string[];
    return lines.filter((line) => line !== 'ok').map((line) => line.slice(0, 200));
  } catch (error) {
    return [codeOf(error)];
  }
}

const tableLimit = 500;
/** Names have no limit in SQLite, and one of 40 MB would be held and told many times. Longer ones are not read. */
export const isNamed = 'length(name) <= 200';

/**
 * Ordinary tables, core ones first, and whether these are all. Virtual tables keep their rows in ordinary ones, which are
 * read like all others.
 */
function tableNames(db: Database): { readonly names: readonly string[]; readonly all: boolean } {
  const ordinary = "FROM sqlite_schema WHERE type = 'table' AND rootpage > 0";
  const rank = core.map((name, index) => `WHEN '${name}' THEN ${index}`).join(' ');
  const names = db
    .prepare(
      `SELECT name ${ordinary} AND ${isNamed} ORDER BY CASE name ${rank} ELSE ${core.length} END, name LIMIT ${tableLimit}`,
    )
    .pluck()
    .all() as string[];
  return { names, all: names.length === Number(db.prepare(`SELECT count(*) ${ordinary}`).pluck().get()) };
}
