import { lstat, stat } from 'node:fs/promises';
import { dirname } from 'node:path';

/** Identifies a folder independently of its path: device and inode as decimal text. */
export interface Place {
  readonly dev: string;
  readonly ino: string;
}

const writableByOthers = 0o022n;
const sticky = 0o1000n;

/** The folders at `paths` that exist. */
export async function placesOf(paths: readonly string[]): Promise<readonly Place[]> {
  const found = await Promise.all(paths.map((path) => stat(path, { bigint: true }).catch(() => null)));
  return found.flatMap((at) => (at ? [{ dev: String(at.dev), ino: String(at.ino) }] : []));
}

/**
 * Why the code at `path`, an absolute one, may not be run: it, or a folder above it, belongs to another user than us and
 * root or can be written by others, or it is in one of `homes`. Undefined where it may be run. In a folder with the
 * sticky bit nobody can replace what is ours. Rejects where nothing is there.
 */
export async function distrust(path: string, homes: readonly Place[]): Promise<string | undefined> {
  const me = process.geteuid?.();
  for (let at = path; ; at = dirname(at)) {
    const found = await lstat(at, { bigint: true });
    const owner = Number(found.uid);
    if (owner !== 0 && owner !== me) return `${at} belongs to another user (uid ${owner})`;
    const guarded = found.isDirectory() && (found.mode & sticky) !== 0n;
    if (!found.isSymbolicLink() && !guarded && (found.mode & writableByOthers) !== 0n)
      return `${at} can be written by others; next: chmod go-w ${at}`;
    const [real] = await placesOf([at]);
    if (homes.some(({ dev, ino }) => dev === real?.dev && ino === real.ino))
      return `${path} is in the Coven home, from which no code is loaded`;
    if (at === dirname(at)) return undefined;
  }
}
