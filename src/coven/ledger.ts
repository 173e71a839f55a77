import type { StoreFiles, StoreOpen } from '../observation.ts';

/**
 * What a start would do to a ledger that cannot be undone. `wal-alone`: the main file is missing or empty beside a WAL
 * that holds rows, which SQLite then deletes. `wal-foreign`: the WAL is of another ledger, which this one would become.
 * Seen on Coven 0.4.6, which does both in silence.
 */
export function harmOfStart(
  { wal, walPageSize, header }: StoreFiles,
  { outcome, walForeign }: StoreOpen,
): 'wal-alone' | 'wal-foreign' | null {
  if ((outcome === 'missing' || outcome === 'empty') && wal.size > 0) return 'wal-alone';
  const otherPages = walPageSize !== null && header !== null && walPageSize !== header.pageSize;
  return walForeign || otherPages ? 'wal-foreign' : null;
}
