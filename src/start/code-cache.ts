import { existsSync, lstatSync, mkdirSync, realpathSync } from 'node:fs';
import { dirname, isAbsolute, join, resolve, sep } from 'node:path';

const writableByOthers = 0o022;
const sticky = 0o1000;

/**
 * A folder of this user's for what V8 compiles, outside every home that a command line can mean; null where none is safe. V8 runs
 * what it finds there, so nobody but this user and root may have a say about any part of its path: whoever else could
 * write there would give us code. Root gets none below a folder of the user whose home it looks at.
 */
export function codeCacheFolder(
  words: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): string | null {
  const { XDG_CACHE_HOME, HOME, COVEN_HOME } = env;
  const base = XDG_CACHE_HOME || (HOME && join(HOME, '.cache'));
  if (!base || !isAbsolute(base)) return null;
  const folder = join(base, 'coven-doctor');
  const named = words.flatMap((word) => [word, word.slice(word.indexOf('=') + 1)]);
  const homes = [...named, COVEN_HOME ?? '', HOME ? join(HOME, '.coven') : ''].filter(Boolean);
  try {
    // Whatever of it is missing is made below what is there, by us and for us.
    if (!homes.every((home) => isOutside(folder, home)) || !isOurs(there(folder))) return null;
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const real = realpathSync(folder);
    return isOurs(real) && homes.every((home) => isOutside(real, home)) ? real : null;
  } catch {
    return null;
  }
}

/** The real path of the nearest folder that is there. */
function there(path: string): string {
  for (let at = path; ; at = dirname(at)) {
    try {
      return realpathSync(at);
    } catch (error) {
      if (at === dirname(at)) throw error;
    }
  }
}

function isOutside(folder: string, home: string): boolean {
  const path = resolve(home);
  const real = existsSync(path) ? realpathSync(path) : path;
  return [path, real].every((at) => !`${folder}${sep}`.startsWith(at === sep ? at : `${at}${sep}`));
}

/** Whether nobody else can change what a real path leads to. In a folder with the sticky bit nobody replaces what is ours. */
function isOurs(real: string): boolean {
  const me = process.geteuid?.();
  for (let at = real; ; at = dirname(at)) {
    const { uid, mode } = lstatSync(at);
    if ((uid !== 0 && uid !== me) || ((mode & writableByOthers) !== 0 && (mode & sticky) === 0)) return false;
    if (at === real && uid !== me) return false;
    if (at === dirname(at)) return true;
  }
}
