import { createHash } from 'node:crypto';
import { closeSync, constants, fstatSync, lstatSync, openSync, readSync } from 'node:fs';
import type { FileIdentity } from '../model/observation.ts';
import { isErrno, kindOf, modeOf } from './files.ts';

const hashedBytes = 1024 ** 2;

/** Whether SQLite may have a file open: closing a descriptor of one drops the locks of the process that closes it. */
export const isLedgerFile = (path: string): boolean => /\.(sqlite3|db)(-wal|-shm|-journal)?$/.test(path);

/**
 * What stands at a path, not following a symlink; null where nothing does. Synchronous, so that an act can follow with
 * nothing in between. Throws what lstat throws for other reasons.
 */
export function identify(path: string): FileIdentity | null {
  const stat = lstatSync(path, { bigint: true, throwIfNoEntry: false });
  if (!stat) return null;
  const isFolder = stat.isDirectory();
  // Whoever opens a ledger writes to its shared memory, our own reader of a snapshot among them; its rows are in the other two files.
  const isUnstill = isFolder || path.endsWith('-shm');
  const isHashed = stat.isFile() && stat.size <= hashedBytes && !isLedgerFile(path);
  return {
    kind: kindOf(stat),
    dev: String(stat.dev),
    ino: String(stat.ino),
    mode: modeOf(stat),
    uid: Number(stat.uid),
    gid: Number(stat.gid),
    size: isUnstill ? null : Number(stat.size),
    mtimeNs: isUnstill ? null : String(stat.mtimeNs),
    sha256: isHashed ? hash(path, stat.ino) : null,
  };
}

/** Null where it may not be read, or where another file stands there by now. */
function hash(path: string, ino: bigint): string | null {
  let fd: number;
  try {
    fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    if (['EACCES', 'EPERM', 'ENOENT', 'ELOOP', 'ENXIO'].some((code) => isErrno(error, code))) return null;
    throw error;
  }
  try {
    const stat = fstatSync(fd, { bigint: true });
    if (!stat.isFile() || stat.ino !== ino) return null;
    const bytes = Buffer.alloc(hashedBytes + 1);
    let length = 0;
    for (let read = -1; read !== 0 && length < bytes.length; length += read)
      read = readSync(fd, bytes, length, bytes.length - length, null);
    return length > hashedBytes ? null : createHash('sha256').update(bytes.subarray(0, length)).digest('hex');
  } finally {
    closeSync(fd);
  }
}
