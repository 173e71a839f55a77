import { closeSync, constants, existsSync, fstatSync, openSync, readSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { parseJson } from '../json.ts';

/**
 * The text of a file that is not of the home, such as what lies above a program on PATH; symlinks are followed. Null for
 * what is no regular file, cannot be read, or is longer than `limit` bytes. A FIFO is not opened, since that can block for
 * ever, nor is a device, which may have no end.
 */
export function readRegular(path: string, limit: number): string | null {
  let fd: number | null = null;
  try {
    if (!statSync(path).isFile()) return null;
    fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const stat = fstatSync(fd);
    // Something else may have been put there meanwhile.
    if (!stat.isFile() || stat.size > limit) return null;
    const bytes = Buffer.alloc(stat.size + 1);
    let length = 0;
    while (length < bytes.length) {
      const read = readSync(fd, bytes, length, bytes.length - length, null);
      if (read === 0) break;
      length += read;
    }
    return length > stat.size ? null : bytes.toString('utf8', 0, length);
  } catch {
    return null;
  } finally {
    if (fd !== null) closeSync(fd);
  }
}

/** The package.json of npm itself has some 10 KB. */
const packageLimit = 1024 ** 2;

/** What the package.json of a folder says; null where there is none. */
export function readPackage(
  folder: string,
):
  | { readonly name?: unknown; readonly version?: unknown; readonly optionalDependencies?: unknown }
  | 'unreadable'
  | null {
  const path = join(folder, 'package.json');
  if (!existsSync(path)) return null;
  try {
    const value = parseJson(readRegular(path, packageLimit) ?? '');
    return typeof value === 'object' && value !== null ? value : 'unreadable';
  } catch {
    return 'unreadable';
  }
}
