import { closeSync, constants, fstatSync, openSync } from 'node:fs';
import { isErrno } from '../../host/files.ts';
import { identify } from '../../host/identity.ts';
import type { FileIdentity } from '../../observation.ts';
import { Refusal } from './refusal.ts';

/** An open folder. What is done through it is done there, whatever its path names meanwhile. */
export interface Folder {
  readonly fd: number;
  readonly dev: string;
  readonly ino: string;
  readonly mode: number;
  readonly uid: number;
}

/** Opens a folder, no symlink. Throws what open(2) says. The caller closes it with `closeFolder`. */
export function openFolder(path: string): Folder {
  const fd = openSync(path, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  const { dev, ino, mode, uid } = fstatSync(fd, { bigint: true });
  return { fd, dev: String(dev), ino: String(ino), mode: Number(mode & 0o7777n), uid: Number(uid) };
}

export const closeFolder = ({ fd }: Folder): void => closeSync(fd);

/** The path of an entry of an open folder. Node has no openat(2); on Linux this path is resolved like one. */
export const at = ({ fd }: Folder, name: string): string => `/proc/self/fd/${fd}/${name}`;

/**
 * Calls `act` with the open folder that `path` ends in, and its last part. No part may be a symlink, and all are on the
 * file system of `home`: a mount in a home is not the home.
 */
export function inFolderOf<T>(home: Folder, path: string, act: (folder: Folder, name: string) => T): T {
  const cut = path.indexOf('/');
  if (cut < 0) return act(home, path);
  const folder = openFolder(at(home, path.slice(0, cut)));
  try {
    if (folder.dev !== home.dev) throw new Refusal('drift', { path, fields: 'dev' });
    return inFolderOf(folder, path.slice(cut + 1), act);
  } finally {
    closeFolder(folder);
  }
}

/** What stands at a path below a home; null where nothing does, or what it would be in is no folder any more. */
export function lookAt(home: Folder, path: string): FileIdentity | null {
  try {
    return inFolderOf(home, path, (folder, name) => identify(at(folder, name)));
  } catch (error) {
    if (['ENOENT', 'ENOTDIR', 'ELOOP'].some((code) => isErrno(error, code))) return null;
    throw error;
  }
}

export const isSame = (one: { dev: string; ino: string } | null, other: { dev: string; ino: string } | null): boolean =>
  one !== null && other !== null && one.dev === other.dev && one.ino === other.ino;

/** Names of the fields in which a file is not as it was; `absent` where it is gone. Null counts as not known. */
export function differences(was: FileIdentity, is: FileIdentity | null): readonly string[] {
  if (!is) return ['absent'];
  const fields = Object.keys(was) as (keyof FileIdentity)[];
  return fields.filter((field) => was[field] !== null && is[field] !== null && was[field] !== is[field]);
}

/** Throws a refusal that names what is not as it was. */
export function refuseDrift(path: string, fields: readonly string[]): void {
  if (fields.length > 0) throw new Refusal('drift', { path, fields: fields.join(' ') });
}
