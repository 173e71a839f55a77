import { constants, copyFileSync, linkSync, rmSync, statfsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { names } from '../coven/layout.ts';
import type { StoreOpen } from '../model/observation.ts';
import { extractPages } from '../sqlite/extract.ts';
import type { OpenRequest } from './protocol.ts';

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
 * holds committed rows that the main file does not. A journal comes along with a copy, for who opens it to take back. Opens
 * nothing through SQLite: this is done in the doctor's own process, too.
 */
export function reach(request: OpenRequest): {
  readonly path: string;
  readonly way: Way;
} {
  const { ledger, scratch, deep } = request;
  if (scratch === null) return { path: ledger, way: 'in-place' };
  const path = join(scratch, names.ledger);
  const limit = deep ? roomIn(scratch) : copyLimitBytes;
  try {
    return { path, way: bringWhole(request, path, limit) };
  } catch (error) {
    if (!(error instanceof Unreachable) || hasJournal(request)) throw error;
    // What was begun is in the way of the pages.
    for (const suffix of ['', '-wal']) rmSync(path + suffix, { force: true });
    if (!extractPages(ledger, path, copyLimitBytes, () => false)) throw error;
    return { path, way: 'pages' };
  }
}

function bringWhole(request: OpenRequest, path: string, limit: number): Way {
  const { ledger } = request;
  // What takes a transaction back writes to the main file, so that a link to it would not do.
  const way = hasJournal(request) ? copy(ledger, path, limit) : bring(ledger, path, limit);
  for (const suffix of ['-wal', '-journal']) {
    const size = sizeOf(ledger + suffix);
    if (size > 0 && !copyWithin(ledger + suffix, path + suffix, size, limit))
      throw new Unreachable(`${names.ledger}${suffix} is too large to copy`);
  }
  return way;
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
    return copy(from, to, limit);
  }
}

function copy(from: string, to: string, limit: number): Way {
  if (clone(from, to)) return 'clone';
  if (copyWithin(from, to, statSync(from).size, limit)) return 'copy';
  throw new Unreachable('no folder on the file system of the ledger to read it from');
}

/** A rollback journal that holds something: a transaction that was cut off, which SQLite takes back when it opens. */
export function hasJournal({ ledger, scratch }: OpenRequest): boolean {
  return scratch !== null && sizeOf(`${ledger}-journal`) > 0;
}

const sizeOf = (path: string): number => statSync(path, { throwIfNoEntry: false })?.size ?? 0;

/** Whether a ledger that is read from a private folder has a WAL with something in it. */
export function hasWal({ ledger, scratch }: OpenRequest): boolean {
  return scratch !== null && sizeOf(`${ledger}-wal`) > 0;
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
