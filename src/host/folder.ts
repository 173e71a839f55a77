import { closeSync, constants, existsSync, fstatSync, fsyncSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { isErrno } from './files.ts';

/** An open folder. What is done through it is done there, whatever its path names meanwhile. */
export interface Folder {
  readonly fd: number;
  readonly dev: string;
  readonly ino: string;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
}

/** An open folder and the path that led to it. */
export interface Placed extends Folder {
  readonly path: string;
}

export type FileId = Pick<Folder, 'dev' | 'ino'>;

/** Opens a folder, no symlink. Throws what open(2) says. The caller closes it with `closeFolder`. */
export function openFolder(path: string | Buffer): Folder {
  return folderOf(
    openSync(path, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW | constants.O_NONBLOCK),
  );
}

/** The folder behind a descriptor. */
export function folderOf(fd: number): Folder {
  const { dev, ino, mode, uid, gid } = fstatSync(fd, { bigint: true });
  return { fd, dev: String(dev), ino: String(ino), mode: Number(mode & 0o7777n), uid: Number(uid), gid: Number(gid) };
}

export const closeFolder = ({ fd }: Folder): void => closeSync(fd);

/** The path of an entry of an open folder. Node has no openat(2); on Linux this path is resolved like one. */
export const at = ({ fd }: Folder, name: string): string => `/proc/self/fd/${fd}/${name}`;

export const isSame = (one: FileId | null, other: FileId | null): boolean =>
  one !== null && other !== null && one.dev === other.dev && one.ino === other.ino;

/** Where there is none, as on macOS, the path of a folder has to do: what rests on that must trust every folder of it. */
export const hasDescriptors = existsSync('/proc/self/fd');

/** The path by which an entry of an open folder is reached: through the folder itself wherever the system has a way. */
export function entryOf(folder: Placed, name: string): string;
export function entryOf(folder: Placed, name: Buffer): Buffer;
export function entryOf(folder: Placed, name: string | Buffer): string | Buffer {
  const inside = hasDescriptors ? at(folder, '') : join(folder.path, '/');
  return typeof name === 'string' ? inside + name : Buffer.concat([Buffer.from(inside), name]);
}

/** Makes what is at a path durable, and the names in a folder. What may be written to and not be read cannot be. */
export function synchronise(path: string | Buffer): void {
  let fd: number;
  try {
    fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    if (isErrno(error, 'EACCES')) return;
    throw error;
  }
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
