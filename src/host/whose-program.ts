import { lstatSync, readlinkSync, realpathSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';

/** Source: path_resolution(7). */
const linkLimit = 40;

/** A file, a folder or a symlink that decides what a program is, in other hands than root's and ours. */
export interface Foreign {
  readonly path: string;
  /** The user that it belongs to; null where everybody can write to it. */
  readonly owner: number | null;
}

/**
 * Who else decides what runs where a program is started by its path: the owner of the file, of a folder above it or of a
 * symlink on the way, or everybody. Null where only root and this user do. A group that may write is trusted: Debian's
 * /usr/local belongs to one. Throws where the path leads nowhere.
 */
export function foreignTo(program: string, links = 0): Foreign | null {
  if (links > linkLimit) throw Object.assign(new Error('too many symlinks'), { code: 'ELOOP' });
  for (const path of prefixesOf(program)) {
    const stat = lstatSync(path);
    if (!isTrusted(stat.uid)) return { path, owner: stat.uid };
    if (stat.isSymbolicLink()) {
      const found = foreignTo(resolve(realpathSync(dirname(path)), readlinkSync(path)), links + 1);
      if (found) return found;
      // In a sticky folder an entry is its owner's alone to move.
    } else if ((stat.mode & 0o002) !== 0 && !(stat.isDirectory() && (stat.mode & 0o1000) !== 0)) {
      return { path, owner: null };
    }
  }
  return null;
}

/** `/`, `/usr`, `/usr/bin`, … */
function prefixesOf(path: string): readonly string[] {
  const folder = dirname(path);
  return folder === path ? [path] : [...prefixesOf(folder), path];
}

/** Root's own number is another one in a user namespace; the root folder has its owner there. */
const isTrusted = (uid: number): boolean => uid === 0 || uid === process.geteuid?.() || uid === statSync('/').uid;
