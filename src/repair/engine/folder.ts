import { isErrno } from '../../host/files.ts';
import { at, closeFolder, type Folder, openFolder } from '../../host/folder.ts';
import { identify } from '../../host/identity.ts';
import type { FileIdentity } from '../../model/observation.ts';
import { Refusal } from './refusal.ts';

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
