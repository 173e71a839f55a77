import { closeSync, constants, openSync, readSync, realpathSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { nativePackages } from '../coven/install.ts';

/** A script's first line is shorter. Source: BINPRM_BUF_SIZE of Linux. */
const firstBytes = 256;

/**
 * The words that run a `coven` without any PATH: the native program of its npm package, the package's own script under
 * this Node, or the file itself. Null where others than root and this user could have written it.
 */
export function commandOf(program: string): readonly string[] | null {
  try {
    const file = realpathSync(program);
    const native = nativeOf(file) ?? file;
    if (!isTrusted(native)) return null;
    return /^#!.*\bnode\b/.test(firstLine(native)) ? [process.execPath, native] : [native];
  } catch {
    return null;
  }
}

/** The native program that the script of Coven's npm package would run. */
function nativeOf(script: string): string | null {
  const name = nativePackages[`${process.platform}-${process.arch}`];
  if (name === undefined || !firstLine(script).startsWith('#!')) return null;
  try {
    return realpathSync(createRequire(script).resolve(`${name}/bin/coven`));
  } catch {
    return null;
  }
}

function isTrusted(file: string): boolean {
  const { uid, mode } = statSync(file);
  return (uid === 0 || uid === process.geteuid?.() || uid === statSync('/').uid) && (mode & 0o002) === 0;
}

function firstLine(file: string): string {
  const fd = openSync(file, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const bytes = Buffer.alloc(firstBytes);
    const length = readSync(fd, bytes, 0, firstBytes, 0);
    return bytes.toString('latin1', 0, length).split('\n', 1)[0] ?? '';
  } finally {
    closeSync(fd);
  }
}
