import type { LedgerFile, StoreBytes, StoreFiles, StoreIntegrity, StoreOpen, WalBytes } from '../model/observation.ts';
import { names } from './layout.ts';
import { coreColumns } from './tables.ts';

/**
 * What a start would do to a ledger that cannot be undone. `wal-alone`: the main file is missing or empty beside a WAL
 * that holds rows, which SQLite then deletes. `wal-foreign`: the WAL is of another ledger, which this one would become.
 * `wal-damaged`: commits in it lie behind damage, where SQLite does not see them, and are overwritten.
 * `wal-cut`: commits are gone from it, and what is written from now on parts from them. `journal`: it puts older pages in
 * the place of newer ones. Seen on Coven 0.4.6, which does all of this in silence.
 */
export function harmOfStart(
  { wal, walPageSize, header, hotJournal }: StoreFiles,
  { outcome, walForeign }: StoreOpen,
  bytes: StoreBytes | null,
): 'wal-alone' | 'wal-foreign' | 'wal-damaged' | 'wal-cut' | 'journal' | null {
  if ((outcome === 'missing' || outcome === 'empty') && wal.size > 0) return 'wal-alone';
  const otherPages = walPageSize !== null && header !== null && walPageSize !== header.pageSize;
  if (walForeign || bytes?.wal?.foreign || otherPages) return 'wal-foreign';
  if (bytes?.wal && losesCommits(bytes.wal)) return 'wal-damaged';
  if (bytes && bytes.lostFrames > 0) return 'wal-cut';
  return hotJournal ? 'journal' : null;
}

/** Whether nothing is wrong with the pages and frames that were read. */
export const hasSoundBytes = (bytes: StoreBytes): boolean =>
  bytes.outcome === 'read' && (bytes.map?.problemCount ?? 0) === 0 && !hidesCommits(bytes);

/** Whether a WAL holds commits that SQLite does not see. One that is torn at its end lost no more than its last commit. */
export const losesCommits = ({ hiddenCommits, visibleCommits, tornCommits }: WalBytes): boolean =>
  hiddenCommits > 0 || (tornCommits > 0 && visibleCommits === 0);

/** Whether a WAL is damaged at its beginning or at its end. */
export function isTorn({ walState }: StoreFiles, bytes: StoreBytes | null): boolean {
  const wal = bytes?.outcome === 'read' ? bytes.wal : null;
  return wal ? wal.state !== 'sound' || wal.hiddenCommits > 0 || wal.tornCommits > 0 : walState === 'torn';
}

/** Whether SQLite found damage that is not confined to indexes. */
export const isDamaged = ({ problems, tables }: StoreIntegrity): boolean =>
  problems.length > 0 || tables.some(({ problem }) => problem !== null);

/**
 * An index that names rows which its table does not have, of those that SQLite's check tells of; null where there is none. It
 * says of every row which index lacks it, and of an index whether it has as many entries as the table has rows: one of
 * which only the latter is said has entries of other rows. The table lost them, or the index is older than it. Coven then
 * fails to write a new row where the index has its id or its rowid. Seen on Coven 0.4.6.
 */
export function indexOfLostRows({ indexProblems }: StoreIntegrity): string | null {
  const named = (words: string): readonly string[] =>
    indexProblems.flatMap((line) => {
      const at = line.indexOf(words);
      return at < 0 ? [] : [line.slice(at + words.length)];
    });
  const lacking = named('missing from index ');
  return named('wrong # of entries in index ').find((index) => !lacking.includes(index)) ?? null;
}

/**
 * Whether rows of `tables` may be missing from what SQLite read: their pages are damaged, or the WAL holds commits that SQLite
 * does not see. Without `tables`, whether that is so of any table but the full-text index. A pass about such rows would claim more
 * than was read. What could not be seen is not known to be damaged. A name ends in `_` where it stands for all that begin so.
 */
export function hidesRows(
  { 'store.bytes': bytes, 'store.integrity': integrity }: DamageSeen,
  ...tables: readonly string[]
): boolean {
  // A page that belongs to no table may hold the rows of any.
  const isAbout = (table: string | null): boolean =>
    table === null ||
    tables.length === 0 ||
    tables.some((name) => (name.endsWith('_') ? table.startsWith(name) : table === name));
  if (bytes && hidesCommits(bytes)) return true;
  if (bytes?.map?.problems.some(({ search, table }) => !search && isAbout(table))) return true;
  if (!integrity) return false;
  // SQLite's own lines name no table. Where the page map found damage, too, it knows whose pages those are.
  const isUnplaced = integrity.problems.length > 0 && !(bytes && hasDamagedPages(bytes));
  return isUnplaced || integrity.tables.some(({ table, problem }) => problem !== null && isAbout(table));
}

/** What tells whether a ledger is damaged, where a check wants it. */
export interface DamageSeen {
  readonly 'store.bytes'?: StoreBytes | null | undefined;
  readonly 'store.integrity'?: StoreIntegrity | null | undefined;
}

/** Whether commits are in the WAL, or were, that SQLite does not see. */
export const hidesCommits = ({ wal, lostFrames, strayFrames }: StoreBytes): boolean =>
  lostFrames + strayFrames > 0 ||
  (wal !== null && (wal.state !== 'sound' || wal.hiddenCommits > 0 || wal.tornCommits > 0 || wal.foreign === true));

/** Whether the page map contradicts itself anywhere but in the full-text index. */
export const hasDamagedPages = ({ map }: StoreBytes): boolean => map?.problems.some(({ search }) => !search) ?? false;

/** What lies in the place of a file that SQLite keeps beside a ledger and is none: nothing can be written then. */
export function partNotFile({
  wal,
  shm,
  journal,
}: StoreFiles): { readonly name: string; readonly kind: string } | null {
  const parts: readonly (readonly [string, LedgerFile])[] = [
    [names.wal, wal],
    [names.shm, shm],
    [names.journal, journal],
  ];
  // A link to nothing, or to a file of no bytes, is no journal to SQLite; it opens no link as one of the others.
  const [name, file] =
    parts.find(
      ([part, { kind }]) => kind !== 'absent' && kind !== 'file' && (kind !== 'symlink' || part !== names.journal),
    ) ?? [];
  return name && file ? { name, kind: file.kind } : null;
}

/**
 * Whether the command that made this ledger ended after its first commit: none of the core tables is there, and no table
 * has a row. The next command makes what is missing. Seen on Coven 0.4.6, which makes its tables in several transactions.
 */
export const isUnfinished = ({ tables }: StoreOpen, integrity: StoreIntegrity): boolean =>
  Object.keys(coreColumns).every((name) => !tables.includes(name)) &&
  integrity.outcome === 'read' &&
  integrity.complete &&
  integrity.tables.length > 0 &&
  integrity.tables.every(({ rowsRead, problem }) => rowsRead === 0 && problem === null);
