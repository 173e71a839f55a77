import { realpath, stat } from 'node:fs/promises';
import { dirname } from 'node:path';

/**
 * Whether a folder is the home or lies in it, whatever names and symlinks lead there: its real path is walked up, and
 * each folder compared by device and inode. A folder that is not there is not inside.
 */
export async function isInside(folder: string, home: string): Promise<boolean> {
  const wanted = await stat(home, { bigint: true }).catch(() => null);
  let path = await realpath(folder).catch(() => null);
  if (!wanted) return false;
  while (path !== null) {
    const { dev, ino } = await stat(path, { bigint: true });
    if (dev === wanted.dev && ino === wanted.ino) return true;
    path = dirname(path) === path ? null : dirname(path);
  }
  return false;
}
