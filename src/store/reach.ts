import { constants, copyFileSync, linkSync, statfsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { names } from '../coven/layout.ts';
import type { StoreOpen } from '../observation.ts';
import type { ReadRequest } from './protocol.ts';

export type Way = NonNullable<StoreOpen['way']>;

/** A larger ledger or WAL is not copied; a hard link or a clone costs nothing at any size. */
const copyLimitBytes = 64 * 1024 ** 2;
/** What a deep reading leaves of the disk, so that it never makes a daemon call its storage critical. */
const spareBytes = 1024 ** 3;

/** The ledger cannot be read without changing its home. */
class Unreachable extends Error {
  readonly code = 'DOCTOR_NO_SCRATCH';
}

/**
 * Where to open the ledger. In place beside its owner. Otherwise opening it there would create or rewrite its WAL and
 * shared memory: so in a private folder, through a hard link, else a clone, else a copy, with a copy of the WAL, which
 * holds committed rows that the main file does not.
 */
export function reach({ ledger, scratch, deep }: ReadRequest): {
  readonly path: string;
  readonly way: Way;
} {
  if (scratch === null) return { path: ledger, way: 'in-place' };
  const path = join(scratch, names.ledger);
  const limit = deep ? roomIn(scratch) : copyLimitBytes;
  const way = bring(ledger, path, limit);
  const wal = `${ledger}-wal`;
  const size = statSync(wal, { throwIfNoEntry: false })?.size ?? 0;
  if (size > 0 && !copyWithin(wal, `${path}-wal`, size, limit))
    throw new Unreachable(`${names.wal} is too large to copy`);
  return { path, way };
}

function roomIn(folder: string): number {
  const { bavail, bsize } = statfsSync(folder);
  return bavail * bsize - spareBytes;
}

/** Makes `to` the same file as `from`, or one with the same bytes, of which there are at most `limit`. */
export function bring(from: string, to: string, limit = copyLimitBytes): Way {
  try {
    linkSync(from, to);
    return 'link';
  } catch {
    const size = statSync(from).size;
    const cloned = clone(from, to);
    if (cloned) return 'clone';
    if (copyWithin(from, to, size, limit)) return 'copy';
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

function copyWithin(from: string, to: string, size: number, limit: number): boolean {
  if (clone(from, to)) return true;
  if (size > limit) return false;
  copyFileSync(from, to);
  return true;
}
