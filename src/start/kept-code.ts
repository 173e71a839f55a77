import {
  closeSync,
  constants,
  fstatSync,
  fsyncSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import type { Script } from 'node:vm';

/** Bits of a mode by which others may write. */
const writableByOthers = 0o022;

/** What a file of code of ours is named: its kind, and a hash of what the package holds. */
const named = /^([a-z]+)-[\da-f]{12}\.js$/;

const nameOf = (path: string): string => `${basename(path)}.${process.arch}-${process.versions.v8}.cache`;

/** What V8 had compiled of a file of code when that ran before, from a folder that only this user and root can write to; null where there is none. */
export function keptCode(folder: string, path: string): Buffer | null {
  try {
    const fd = openSync(join(folder, nameOf(path)), constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    try {
      const stat = fstatSync(fd);
      const isOurs = stat.isFile() && stat.uid === process.geteuid?.() && (stat.mode & writableByOthers) === 0;
      return isOurs ? readFileSync(fd) : null;
    } finally {
      closeSync(fd);
    }
  } catch {
    return null;
  }
}

/**
 * Keeps what V8 has compiled of a file of code by now. Node's own compile cache holds only what was compiled as the file was loaded,
 * which is nothing of what its functions hold. Whole or not at all: V8 does not notice every damage. Where that
 * cannot be kept, the next run compiles as this one did.
 */
export function keepCode(folder: string, path: string, script: Script): void {
  const file = join(folder, nameOf(path));
  const part = `${file}.${process.pid}`;
  try {
    const fd = openSync(part, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW, 0o600);
    try {
      writeSync(fd, script.createCachedData());
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
    renameSync(part, file);
    removeEarlier(folder, path);
  } catch {
    rmSync(part, { force: true });
  }
}

/** Removes what was kept of the same code of other versions of this package, and what a killed run left of it. */
function removeEarlier(folder: string, path: string): void {
  const [, kind] = named.exec(basename(path)) ?? [];
  const ending = nameOf(path).slice(basename(path).length);
  for (const name of readdirSync(folder)) {
    const [code = '', itsKind] = named.exec(name.slice(0, name.indexOf('.js') + 3)) ?? [];
    if (itsKind === kind && name !== nameOf(path) && name.slice(code.length).startsWith(ending))
      rmSync(join(folder, name), { force: true });
  }
}
