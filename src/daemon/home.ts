import { closeSync, constants, fchmodSync, fstatSync, lstatSync, mkdirSync, openSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import { names, socketPathLimit } from '../coven/layout.ts';

/**
 * Makes the home a folder of mode 0700 that is the user's own, as every command of Coven does, and tells its canonical
 * path. Throws one line when it is a symlink, somebody else's, or too long a path for its socket.
 */
export function prepareHome(path: string): string {
  mkdirSync(path, { recursive: true, mode: 0o700 });
  // Followed, the link of somebody else would name the folder whose mode is changed.
  if (lstatSync(path).isSymbolicLink()) throw new Error(`refusing to use Coven home ${path}: path is a symlink`);
  const fd = openSync(path, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
  try {
    const { uid, mode } = fstatSync(fd);
    const user = process.geteuid?.();
    if (uid !== user)
      throw new Error(`refusing to use ${path}: it is owned by uid ${uid}, not the current user (uid ${user})`);
    if ((mode & 0o7777) !== 0o700) fchmodSync(fd, 0o700);
  } finally {
    closeSync(fd);
  }
  const home = realpathSync(path);
  const bytes = Buffer.byteLength(join(home, names.socket));
  const limit = socketPathLimit(process.platform);
  // Node cuts a longer path without a word and listens somewhere else.
  if (bytes > limit) throw new Error(`the socket path of ${home} has ${bytes} bytes; a Unix socket allows ${limit}`);
  return home;
}

/** Throws Coven's words when a reset of this home was cut off: only a reset can finish it. */
export function refuseInterruptedReset(home: string): void {
  // Whatever stands there, a symlink that leads nowhere included (seen on Coven 0.4.6).
  if (lstatSync(join(home, names.resetMarker), { throwIfNoEntry: false }))
    throw new Error(
      'an interrupted reset transaction requires recovery; rerun the intended `coven reset ... --apply` command before using other Coven commands',
    );
}
