import type { PageBytes, PageProblem, ReadableRows, StoreBytes, WalBytes } from '../model/observation.ts';
import { type OpenLedger, withLedger } from './files.ts';
import { isForeign } from './fork.ts';
import { isOfSearch, type Problem } from './owners.ts';
import { mapPages, type PageMap } from './page-map.ts';
import { openPages } from './pages.ts';
import { framesGone, noneGone } from './wal-index.ts';

/** Databases up to this size are read whole by default, in some tenths of a second. */
export const wholeBytes = 32 * 1024 ** 2;

const problemLimit = 20;

/** Tables whose rows are what sessions are. */
const rowTables = ['sessions', 'events'];

export interface BytesOptions {
  /** Every page is read, whatever the size. */
  readonly whole: boolean;
  /** Milliseconds of CPU time for leaf pages of a larger ledger. */
  readonly leafMs: number;
  readonly hurry: () => boolean;
  /** Called now and then with what was found so far, where something was. */
  readonly progress?: (bytes: StoreBytes) => void;
}

export const notRead = (code: string): StoreBytes => ({
  outcome: 'not-read',
  code,
  wal: null,
  lostFrames: 0,
  strayFrames: 0,
  map: null,
});

/**
 * What the bytes of a ledger say. SQLite must not have it open in this process. Nothing may write to it meanwhile, but
 * where a reading transaction of another process keeps the pages that it sees in their places.
 */
export function readBytes(path: string, options: BytesOptions): StoreBytes {
  try {
    return withLedger(path, options.hurry, (ledger) => readOpen(ledger, options)) ?? notRead('ENOENT');
  } catch (error) {
    if (!(error instanceof Error && 'code' in error)) throw error;
    return notRead(String(error.code));
  }
}

function readOpen(ledger: OpenLedger, { whole, leafMs, hurry, progress }: BytesOptions): StoreBytes {
  const wal = walBytes(ledger, hurry);
  const { frames } = ledger.wal ?? {};
  // Of what else is wrong with a WAL its own frames tell.
  const isUnclear = frames?.header === 'damaged' || frames?.complete === false;
  const gone = isUnclear ? noneGone : framesGone(ledger.index, frames ?? null, frames?.visible ?? 0);
  const pages = openPages(ledger.main, ledger.wal);
  if (!pages) return { outcome: 'read', code: 'no-database', wal, ...gone, map: null };
  const isSmall = pages.count * pages.header.pageSize <= wholeBytes;
  const summary = (map: PageMap): StoreBytes => ({
    outcome: 'read',
    code: null,
    wal,
    ...gone,
    map: pageBytes(map, pages.header.pageSize),
  });
  const onProblem = progress && ((map: PageMap): void => progress(summary(map)));
  return summary(mapPages(pages, { whole: whole || isSmall, leafMs, hurry, ...(onProblem && { onProblem }) }));
}

function walBytes(ledger: OpenLedger, hurry: () => boolean): WalBytes | null {
  const { wal, noiseBytes } = ledger;
  const none = { frames: 0, visibleCommits: 0, hiddenCommits: 0, firstDamaged: null, tornCommits: 0, foreign: null };
  if (!wal) return noiseBytes > 0 ? { state: 'noise', complete: true, ...none } : null;
  const { header, sound, complete, visibleCommits, hiddenCommits, firstDamaged, tornCommits } = wal.frames;
  const state = header === 'sound' ? 'sound' : 'headless';
  const foreign = isForeign(ledger, hurry);
  return { state, frames: sound, complete, visibleCommits, hiddenCommits, firstDamaged, tornCommits, foreign };
}

function pageBytes(map: PageMap, pageSize: number): PageBytes {
  const wasAllRead = map.trees.every(({ leaves, leavesRead }) => leavesRead >= leaves);
  return {
    pageSize,
    pages: map.pages,
    pagesRead: Math.min(map.pagesRead, map.pages),
    mapped: map.isMapped,
    whole: map.isWhole,
    // What is more than the full-text index comes first, so that no limit hides it.
    problems: map.problems
      .map(asSeen)
      .toSorted((a, b) => Number(a.search) - Number(b.search))
      .slice(0, problemLimit),
    problemCount: map.problemCount,
    tables: wasAllRead ? rowTables.flatMap((table) => readable(map, table)) : [],
  };
}

function asSeen(problem: Problem): PageProblem {
  const { kind, text, trees } = problem;
  const tables = [...new Set(trees.map(({ table }) => table))];
  const search = isOfSearch(problem);
  return { kind, text: text.slice(0, 300), table: tables.length === 1 ? (tables[0] ?? null) : null, search };
}

/**
 * An index that SQLite makes by itself has an entry for each row, so that a sound one tells how many there were. Nothing does
 * where pages of an unknown owner are gone, as of a file that is older than its WAL.
 */
function readable({ trees, problems }: PageMap, table: string): readonly ReadableRows[] {
  const own = trees.find(({ name, type }) => type === 'table' && name === table);
  if (!own) return [];
  const index = trees.find(({ name, problems }) => name.startsWith(`sqlite_autoindex_${table}_`) && problems === 0);
  if (problems.some((problem) => problem.kind === 'unreadable' && problem.trees.length === 0))
    return [{ table, rows: own.rows, about: null }];
  const about = own.problems === 0 ? own.rows : index ? Math.max(index.entries, own.rows) : null;
  return [{ table, rows: own.rows, about }];
}
