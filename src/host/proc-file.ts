import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { isShortage } from './files.ts';

/**
 * Where every file of /proc is read to: memory of its own for each of some thousand small files costs several times what
 * reading them does. It grows to the largest.
 */
let room = Buffer.allocUnsafeSlow(16_384);

/**
 * The bytes of a file of /proc, at most `limit`, as they are until the next call; null where it may not be read. Synchronous, which is
 * several times cheaper: the kernel makes these files as they are read, and waits for nothing but the memory of a process in state D.
 * Throws where this process may open no more files, which tells of no other.
 */
export const readProc = (path: string, limit: number): Buffer | null => reading(path, limit, (bytes) => bytes);

/** The same, with the owner of the file. */
export const readOwned = (path: string, limit: number): { readonly bytes: Buffer; readonly uid: number } | null =>
  reading(path, limit, (bytes, fd) => ({ bytes, uid: fstatSync(fd).uid }));

/** The whole text of a file of /proc; null where it may not be read. */
export function textOfProc(path: string, encoding: 'latin1' | 'utf8' = 'latin1'): string | null {
  return readProc(path, Number.POSITIVE_INFINITY)?.toString(encoding) ?? null;
}

function reading<T>(path: string, limit: number, then: (bytes: Buffer, fd: number) => T): T | null {
  let fd: number;
  try {
    fd = openSync(path, constants.O_RDONLY);
  } catch (error) {
    if (isShortage(error)) throw error;
    return null;
  }
  try {
    let length = 0;
    while (length < limit) {
      if (length === room.length) room = Buffer.concat([room], 2 * room.length);
      const read = readSync(fd, room, length, Math.min(room.length, limit) - length, null);
      if (read === 0) break;
      length += read;
    }
    return then(room.subarray(0, length), fd);
  } catch {
    return null;
  } finally {
    closeSync(fd);
  }
}
