import { type BigIntStats, constants, lstatSync } from 'node:fs';
import { lstat, open, realpath, stat } from 'node:fs/promises';
import type { Kind } from '../model/observation.ts';

/** What kind of thing an lstat describes. */
export function kindOf(stat: BigIntStats): Kind {
  if (stat.isFile()) return 'file';
  if (stat.isDirectory()) return 'directory';
  if (stat.isSymbolicLink()) return 'symlink';
  if (stat.isSocket()) return 'socket';
  if (stat.isFIFO()) return 'fifo';
  return 'device';
}

/** Permission bits with setuid, setgid and sticky. */
export const modeOf = (stat: BigIntStats): number => Number(stat.mode & 0o7777n);

/** lstat, or null where nothing is there. Other errors are thrown. */
export async function look(path: string): Promise<BigIntStats | null> {
  try {
    return await lstat(path, { bigint: true });
  } catch (error) {
    if (isErrno(error, 'ENOENT') || isErrno(error, 'ENOTDIR')) return null;
    throw error;
  }
}

/** The same at once: what is above it may have changed its kind since it was listed. */
export function lookNow(path: string): BigIntStats | null {
  try {
    return lstatSync(path, { bigint: true });
  } catch (error) {
    if (isErrno(error, 'ENOENT') || isErrno(error, 'ENOTDIR')) return null;
    throw error;
  }
}

export function isErrno(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}

/** Whether this process lacks descriptors or memory, which says nothing of what it wanted to look at. */
export const isShortage = (error: unknown): boolean =>
  ['EMFILE', 'ENFILE', 'ENOMEM'].some((code) => isErrno(error, code));

/** The first bytes of a regular file. `not-a-file` covers symlinks, FIFOs, sockets and directories: none is opened. */
export type Reading =
  | { readonly state: 'read'; readonly bytes: Buffer; readonly size: number }
  | { readonly state: 'absent' | 'not-a-file' }
  | { readonly state: 'unreadable'; readonly errno: string };

/**
 * Reads at most `limit` bytes from `from`. O_NONBLOCK keeps a FIFO from blocking the open for ever, O_NOFOLLOW a
 * symlink from leading elsewhere, and the descriptor is judged, not the name. Rejects where this process may open no more files.
 */
export async function readStart(path: string, limit: number, from = 0): Promise<Reading> {
  let handle: Awaited<ReturnType<typeof open>>;
  try {
    handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    if (isErrno(error, 'ENOENT') || isErrno(error, 'ENOTDIR')) return { state: 'absent' };
    if (isErrno(error, 'ELOOP') || isErrno(error, 'ENXIO')) return { state: 'not-a-file' };
    if (isShortage(error)) throw error;
    return { state: 'unreadable', errno: errnoOf(error) };
  }
  try {
    const stat = await handle.stat();
    if (!stat.isFile()) return { state: 'not-a-file' };
    const bytes = Buffer.alloc(limit);
    let length = 0;
    while (length < limit) {
      const { bytesRead } = await handle.read(bytes, length, limit - length, from + length);
      if (bytesRead === 0) break;
      length += bytesRead;
    }
    return { state: 'read', bytes: bytes.subarray(0, length), size: stat.size };
  } catch (error) {
    return { state: 'unreadable', errno: errnoOf(error) };
  } finally {
    await handle.close();
  }
}

/**
 * The same of what links lead to, for a file that Coven opens through links; `kind` is of what is there and is no regular file. A link
 * that leads nowhere is absent to Coven, too.
 */
export async function readThrough(path: string, limit: number): Promise<Reading & { readonly kind?: Kind }> {
  try {
    const target = await realpath(path);
    const kind = kindOf(await stat(target, { bigint: true }));
    return kind === 'file' ? await readStart(target, limit) : { state: 'not-a-file', kind };
  } catch (error) {
    if (isErrno(error, 'ENOENT') || isErrno(error, 'ENOTDIR')) return { state: 'absent' };
    if (isErrno(error, 'ELOOP')) return { state: 'not-a-file', kind: 'symlink' };
    if (isShortage(error)) throw error;
    return { state: 'unreadable', errno: errnoOf(error) };
  }
}

/** Reads at most the last `limit` bytes of a regular file, as `readStart` does the first. */
export async function readEnd(path: string, limit: number): Promise<Reading> {
  const size = (await look(path).catch(() => null))?.size ?? 0n;
  return readStart(path, limit, Math.max(0, Number(size) - limit));
}

function errnoOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'EIO';
}
