import { randomBytes } from 'node:crypto';
import {
  closeSync,
  constants,
  fchmodSync,
  fstatSync,
  fsyncSync,
  lstatSync,
  openSync,
  renameSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';

/** What makes two looks at a path looks at the same file. */
export interface Identity {
  readonly dev: bigint;
  readonly ino: bigint;
}

const mode = 0o600;

/**
 * Opens a file, creating it (with `O_CREAT`) for its owner alone. Throws when what is there is a symlink, no regular
 * file, somebody else's or known by a second name: writing to it could harm what is not this home's.
 */
export function openPrivate(path: string, flags: number): number {
  const fd = openSync(path, flags | constants.O_NOFOLLOW | constants.O_NONBLOCK, mode);
  try {
    const found = fstatSync(fd);
    if (!found.isFile()) throw new Error(`${path} is not a regular file`);
    if (found.uid !== process.geteuid?.()) throw new Error(`${path} is owned by uid ${found.uid}`);
    if (found.nlink !== 1) throw new Error(`${path} has ${found.nlink} names`);
    return fd;
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}

/** Makes an open file readable and writable by its owner alone. */
export function makePrivate(fd: number): void {
  if ((fstatSync(fd).mode & 0o777) !== mode) fchmodSync(fd, mode);
}

/** What a path names now, not following a symlink; null when it names nothing. */
export function look(path: string): (Identity & { readonly isSocket: boolean; readonly uid: bigint }) | null {
  const found = lstatSync(path, { bigint: true, throwIfNoEntry: false });
  return found ? { dev: found.dev, ino: found.ino, uid: found.uid, isSocket: found.isSocket() } : null;
}

export function isSame(one: Identity | null, other: Identity | null): boolean {
  return one !== null && other !== null && one.dev === other.dev && one.ino === other.ino;
}

/** Puts `text` at `path`, whole or not at all, whatever stood there before; durable when this returns. */
export function writeWhole(path: string, text: string): void {
  const staged = join(dirname(path), `.${randomBytes(4).toString('hex')}`);
  const fd = openSync(staged, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW, mode);
  try {
    try {
      writeFileSync(fd, text);
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
    renameSync(staged, path);
  } catch (error) {
    unlinkSync(staged);
    throw error;
  }
  const folder = openSync(dirname(path), constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}
