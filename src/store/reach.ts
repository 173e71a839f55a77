import { constants, copyFileSync, linkSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { names } from '../coven/layout.ts';
import type { StoreOpen } from '../observation.ts';
import type { ReadRequest } from './protocol.ts';

export type Way = NonNullable<StoreOpen['way']>;

/** A larger ledger or WAL is not copied; a hard link or a clone costs nothing at any size. */
const copyLimitBytes = 64 * 1024 ** 2;

/** The ledger cannot be read without changing its home. */
class Unreachable extends Error {
  readonly code = 'DOCTOR_NO_SCRATCH';
}

/**
 * Where to open the ledger. In place beside its owner. Otherwise opening it there would create or rewrite its WAL and
 * shared memory: so in a private folder, through a hard link, else a clone, else a copy, with a copy of the WAL, which
 * holds committed rows that the main file does not.
 */
export function reach({ ledger, scratch }: ReadRequest): {
  readonly path: string;
  readonly way: Way;
} {
  if (scratch === null) return { path: ledger, way: 'in-place' };
  const path = join(scratch, names.ledger);
  const way = bring(ledger, path);
  const wal = `${ledger}-wal`;
  const size = statSync(wal, { throwIfNoEntry: false })?.size ?? 0;
  if (size > 0 && !copyWithin(wal, `${path}-wal`, size)) throw new Unreachable(`${names.wal} is too large to copy`);
  return { path, way };
}

/** Makes `to` the same file as `from`, or one with the same bytes. */
export function bring(from: string, to: string): Way {
  try {
    linkSync(from, to);
    return 'link';
  } catch {
    const size = statSync(from).size;
    const cloned = clone(from, to);
    if (cloned) return 'clone';
    if (copyWithin(from, to, size)) return 'copy';
    throw new Unreachable('no folder on the file system of the ledger to read it from');
  }
}

/** Whether a ledger that is read from a private folder has a WAL with something in it. */
export function hasWal({ ledger, scratch }: ReadRequest): boolean {
  return scratch !== null && (statSync(`${ledger}-wal`, { throwIfNoEntry: false })?.size ?? 0) > 0;
}

function clone(from: string, to: string): boolean {
  try {
    copyFileSync(from, to, constants.COPYFILE_FICLONE_FORCE);
    return true;
  } catch {
    return false;
  }
}

function copyWithin(from: string, to: string, size: number): boolean {
  if (clone(from, to)) return true;
  if (size > copyLimitBytes) return false;
  copyFileSync(from, to);
  return true;
}
