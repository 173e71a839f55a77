import type { StoreBytes, StoreFiles, StoreIntegrity, StoreOpen, WalBytes } from '../observation.ts';

/**
 * What a start would do to a ledger that cannot be undone. `wal-alone`: the main file is missing or empty beside a WAL
 * that holds rows, which SQLite then deletes. `wal-foreign`: the WAL is of another ledger, which this one would become.
 * `wal-damaged`: commits in it lie behind damage, where SQLite does not see them, and are overwritten.
 * Seen on Coven 0.4.6, which does all three in silence.
 */
export function harmOfStart(
  { wal, walPageSize, header }: StoreFiles,
  { outcome, walForeign }: StoreOpen,
  bytes: StoreBytes | null,
): 'wal-alone' | 'wal-foreign' | 'wal-damaged' | null {
  if ((outcome === 'missing' || outcome === 'empty') && wal.size > 0) return 'wal-alone';
  const otherPages = walPageSize !== null && header !== null && walPageSize !== header.pageSize;
  if (walForeign || bytes?.wal?.foreign || otherPages) return 'wal-foreign';
  return bytes?.wal && losesCommits(bytes.wal) ? 'wal-damaged' : null;
}

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

/** Whether the page map contradicts itself anywhere but in the full-text index. */
export const hasDamagedPages = ({ map }: StoreBytes): boolean => map?.problems.some(({ search }) => !search) ?? false;
