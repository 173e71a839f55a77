import type { Database } from 'better-sqlite3';
import type { Judgement, Reason } from './answers.ts';
import { isOfSearch as isLineOfSearch, neverUsed, ofIndex, searchRoots } from './check-lines.ts';
import { withLedger } from './files.ts';
import { isForeign } from './fork.ts';
import { quote } from './names.ts';
import { openToRead } from './open-to-read.ts';
import { refuseViews } from './ordinary.ts';
import { isOfSearch, isSearchTable } from './owners.ts';
import { mapPages } from './page-map.ts';
import { openPages } from './pages.ts';

const reasonLimit = 20;

const never = (): boolean => false;

/**
 * Judges a private copy of a ledger whole: every page, every frame of its WAL, SQLite's integrity check, and every column
 * of every row. Bytes are read and closed before SQLite opens the copy. SQLite may make files beside it.
 */
export function judgeCopy(path: string): Judgement {
  const reasons: Reason[] = [];
  const tell = (kind: Reason['kind'], text: string): void => {
    // Each kind has room of its own: many of one must not hide another that weighs more.
    const same = reasons.filter((reason) => reason.kind === kind);
    if (same.length < reasonLimit && !same.some((reason) => reason.text === text)) reasons.push({ kind, text });
  };
  judgeBytes(path, tell);
  const tables = reasons.some(({ kind }) => kind === 'unreadable') ? [] : judgeThroughSqlite(path, tell);
  return { sound: reasons.every(({ kind }) => kind === 'search'), reasons, tables };
}

type Tell = (kind: Reason['kind'], text: string) => void;

function judgeBytes(path: string, tell: Tell): void {
  const found = withLedger(path, never, (ledger) => {
    const { main, wal, noiseBytes } = ledger;
    if (noiseBytes > 0) tell('wal-damaged', `the WAL has ${noiseBytes} bytes and no sound frame`);
    const { frames } = wal ?? {};
    if (frames && !frames.complete) tell('wal-damaged', 'the WAL is too large to be read');
    if (frames && frames.hiddenCommits > 0)
      tell('wal-damaged', `${frames.hiddenCommits} commits lie behind a damaged frame of the WAL`);
    else if (frames && frames.tornCommits > 0) tell('wal-damaged', 'the last commit of the WAL is damaged');
    if (isForeign(ledger, never)) tell('wal-foreign', 'the WAL is of another ledger, or of another state of this one');
    const pages = openPages(main, wal);
    if (!pages) return tell('unreadable', 'the file is no SQLite database');
    const map = mapPages(pages, { whole: true, leafMs: 0, hurry: never });
    for (const problem of map.problems) tell(isOfSearch(problem) ? 'search' : 'pages', problem.text);
    if (map.problemCount === 0 && !map.isWhole) tell('pages', 'not every page could be read');
  });
  if (found === null) tell('unreadable', 'the file is absent or no regular file');
}

function judgeThroughSqlite(path: string, tell: Tell): Judgement['tables'] {
  let db: Database | undefined;
  try {
    db = openToRead(path);
    checkIntegrity(db, tell);
    const names = db
      .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND rootpage > 0 ORDER BY name")
      .pluck()
      .all() as string[];
    const open = db;
    return names.map((table) => ({ table, rows: readEveryRow(open, table, tell) }));
  } catch (error) {
    tell('unreadable', `SQLite cannot open it: ${messageOf(error)}`);
    return [];
  } finally {
    db?.close();
  }
}

function checkIntegrity(db: Database, tell: Tell): void {
  const roots = searchRoots(db);
  let isSearchDamaged = false;
  const check = (what: string | number): void => {
    // One answer may hold many lines, under a heading that names the database.
    for (const answer of db.prepare(`PRAGMA integrity_check(${what})`).pluck().iterate())
      for (const line of String(answer).split('\n')) {
        if (line === 'ok' || line.startsWith('***')) continue;
        // Pages below one of its pages that cannot be read are used by nothing that SQLite sees, which it tells last.
        const isSearch = isLineOfSearch(line, roots) || (isSearchDamaged && neverUsed.test(line));
        const kind = isSearch ? 'search' : ofIndex.test(line) ? 'index' : 'integrity';
        isSearchDamaged ||= kind === 'search';
        tell(kind, line.slice(0, 300));
      }
  };
  try {
    check(reasonLimit);
  } catch (error) {
    if (roots.length === 0) throw error;
    isSearchDamaged = true;
    tell('search', `SQLite's check ended: ${messageOf(error)}`);
  }
  if (!isSearchDamaged) return;
  // A full-text index that cannot be read ends the whole check, or takes all its lines, without a word on anything else.
  const names = db
    .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND rootpage > 0")
    .pluck()
    .all() as string[];
  for (const name of names.filter((name) => !isSearchTable(name))) check(quote(name));
}

/** How many rows a table has; null where a value of one cannot be read. */
function readEveryRow(db: Database, table: string, tell: Tell): number | null {
  try {
    refuseViews(db, [table]);
    const columns = db.prepare('SELECT name FROM pragma_table_info(?)').pluck().all(table) as string[];
    // The concatenation makes SQLite fetch the value itself: length() alone would not follow its overflow pages.
    const touched = columns.map((name) => `total(length(${quote(name)} || ''))`);
    const rows = db
      .prepare(`SELECT ${['count(*)', ...touched].join(', ')} FROM ${quote(table)} NOT INDEXED`)
      .raw()
      .get();
    return Number((rows as unknown[])[0]);
  } catch (error) {
    tell(isSearchTable(table) ? 'search' : 'rows', `table "${table}" cannot be read whole: ${messageOf(error)}`);
    return null;
  }
}

const messageOf = (error: unknown): string =>
  (error instanceof Error ? error.message : String(error)).split('\n', 1)[0]?.slice(0, 300) ?? '';
