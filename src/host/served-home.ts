import { basename, dirname } from 'node:path';
import { names } from '../coven/layout.ts';
import { lookNow } from './files.ts';
import { descriptor, descriptors, holdsLock } from './procfs.ts';

/**
 * The home of which a process holds the daemon's lock: whom it serves, whatever socket it answered on. Null where it holds none, or
 * its descriptors may not be seen.
 */
export function servedBy(pid: number): string | null {
  for (const fd of descriptors(pid) ?? []) {
    const path = descriptor(pid, fd);
    if (basename(path) !== names.serveLock) continue;
    const lock = lookNow(path);
    if (lock && holdsLock(pid, fd, String(lock.ino))) return dirname(path);
  }
  return null;
}
