import { createHash } from 'node:crypto';
import {
  type BigIntStats,
  closeSync,
  constants,
  copyFileSync,
  fchmodSync,
  fstatSync,
  ftruncateSync,
  lstatSync,
  openSync,
  readSync,
  writeSync,
} from 'node:fs';
import { setImmediate as turn } from 'node:timers/promises';
import { Refused, reasonOf, Unreadable } from './refused.ts';

const chunkBytes = 1024 ** 2;
/** Holes are looked for in pieces of this size. */
const pieceBytes = 64 * 1024;
const zeros = Buffer.alloc(pieceBytes);
/** A file that another process rewrites is tried again this often. */
const attempts = 5;

export interface Copied {
  /** The source after it was copied; what it has grown to is not part of the copy. */
  readonly stat: BigIntStats;
  readonly size: number;
  readonly sha256: string;
  readonly sparse: boolean;
}

/**
 * Copies a regular file to a new one of mode 0600, as a clone where the file system can, with its holes otherwise. What
 * is proven is what was copied: a source that moved meanwhile is read again, and either begins with the very bytes, as
 * a log that grows does, or is copied again. Null where it is gone. Throws Refused where it cannot be read.
 */
export async function copyFile(from: string, to: string, signal: AbortSignal): Promise<Copied | null> {
  for (let attempt = 1; attempt <= attempts; attempt += 1) {
    const source = openSource(from);
    if (source === null) return null;
    try {
      const before = fstatSync(source, { bigint: true });
      const copied = await copyOpen(source, to, Number(before.size), isSparse(before), signal);
      const stat = fstatSync(source, { bigint: true });
      const named = lstatSync(from, { bigint: true, throwIfNoEntry: false });
      // A name that leads to another file by now is copied again, for what it leads to now.
      if (named && (named.ino !== stat.ino || named.dev !== stat.dev)) continue;
      const still = stat.mtimeNs === before.mtimeNs && stat.size === before.size;
      if (still || (await hashOpen(source, copied.size, signal)) === copied.sha256)
        return { ...copied, stat, sparse: isSparse(before) };
    } catch (error) {
      if (reasonOf(error) !== 'EIO') throw error;
      throw new Unreadable(
        `${from} cannot be read (EIO): the disk fails; copy what can be read elsewhere first`,
        'EIO',
      );
    } finally {
      closeSync(source);
    }
  }
  throw new Refused(`${from} was rewritten at each of ${attempts} attempts to copy it; stop what writes it`);
}

/** sha256 of a regular file. Throws where it cannot be read. */
export async function hashFile(path: string, signal: AbortSignal): Promise<string> {
  const fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    return await hashOpen(fd, fstatSync(fd).size, signal);
  } finally {
    closeSync(fd);
  }
}

function openSource(path: string): number | null {
  let fd: number;
  try {
    fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    const code = reasonOf(error);
    if (code === 'ENOENT' || code === 'ENOTDIR') return null;
    throw new Unreadable(`${path} cannot be read (${code}), so nothing would be proven; make it readable`, code);
  }
  if (fstatSync(fd).isFile()) return fd;
  closeSync(fd);
  throw new Refused(`${path} stopped being a regular file while it was looked at; run again`);
}

const isSparse = ({ size, blocks }: BigIntStats): boolean => blocks * 512n < size;

/** Copies `size` bytes, or those that are there; the copy's size and hash. */
async function copyOpen(
  source: number,
  to: string,
  size: number,
  sparse: boolean,
  signal: AbortSignal,
): Promise<{ readonly size: number; readonly sha256: string }> {
  if (clone(source, to)) {
    const cloned = openSync(to, constants.O_RDONLY | constants.O_NOFOLLOW);
    try {
      fchmodSync(cloned, 0o600);
      const { size } = fstatSync(cloned);
      return { size, sha256: await hashOpen(source, size, signal) };
    } finally {
      closeSync(cloned);
    }
  }
  // A second attempt writes over the first one.
  const target = openSync(to, constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC | constants.O_NOFOLLOW, 0o600);
  try {
    let end = 0;
    const sha256 = await hashOpen(source, size, signal, (chunk, at) => {
      writeAll(target, chunk, at, sparse);
      end = at + chunk.length;
    });
    ftruncateSync(target, end);
    return { size: end, sha256 };
  } finally {
    closeSync(target);
  }
}

function writeAll(fd: number, chunk: Buffer, at: number, sparse: boolean): void {
  const length = sparse ? pieceBytes : chunk.length;
  for (let from = 0; from < chunk.length; from += length) {
    const piece = chunk.subarray(from, from + length);
    if (sparse && piece.equals(zeros.subarray(0, piece.length))) continue;
    for (let done = 0; done < piece.length; ) {
      done += writeSync(fd, piece, done, piece.length - done, at + from + done);
    }
  }
}

/** Hashes the first `size` bytes, and gives each chunk to `onChunk`; lets signals through in between. */
async function hashOpen(
  fd: number,
  size: number,
  signal: AbortSignal,
  onChunk?: (chunk: Buffer, at: number) => void,
): Promise<string> {
  const hash = createHash('sha256');
  const buffer = Buffer.allocUnsafe(Math.max(1, Math.min(chunkBytes, size)));
  for (let at = 0; at < size; ) {
    const read = readSync(fd, buffer, 0, Math.min(buffer.length, size - at), at);
    if (read === 0) break;
    const chunk = buffer.subarray(0, read);
    hash.update(chunk);
    onChunk?.(chunk, at);
    at += read;
    if (at >= chunkBytes) await turn();
    signal.throwIfAborted();
  }
  return hash.digest('hex');
}

/** Devices on which a clone was refused: it is not tried for every file. */
const withoutClones = new Set<number>();

function clone(source: number, to: string): boolean {
  const { dev } = fstatSync(source);
  if (withoutClones.has(dev)) return false;
  try {
    // The open file itself, whatever its name leads to by now.
    copyFileSync(`/proc/self/fd/${source}`, to, constants.COPYFILE_FICLONE_FORCE);
    return true;
  } catch {
    withoutClones.add(dev);
    return false;
  }
}
