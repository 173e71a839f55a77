import { statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { names } from '../coven/layout.ts';
import { lookNow } from './files.ts';
import { mountOf, readMounts } from './observations/home-filesystem.ts';
import { descriptor, descriptors, pathOf } from './procfs.ts';

/** Where the files are that a daemon has open, where those at the same path in our view are others. */
export interface Elsewhere {
  /** By the name that its own view has for it. */
  readonly folder: string;
  /** `mount`: a file system lies over the folder by now; `namespace`: the daemon sees other mounts; `moved`: the folder has another name. */
  readonly why: 'mount' | 'namespace' | 'moved';
  /** Where that file system is mounted. */
  readonly mountPoint?: string;
}

/** A daemon keeps both open and locked from its first moment. Source: Coven 0.4.6, its descriptors. */
const held: readonly string[] = [names.serveLock, names.stateLock];

/**
 * Whether the locks that a daemon has open are those of the home at this path, by device and inode. A lock that was removed tells
 * nothing. Null where they are, or where its descriptors may not be seen.
 */
export function elsewhereOf(pid: number, canonical: string): Elsewhere | null {
  let found: string | null = null;
  for (const fd of descriptors(pid) ?? []) {
    const path = descriptor(pid, fd);
    if (!held.includes(basename(path))) continue;
    const its = identityOf(pid, fd);
    const ours = lookNow(join(canonical, basename(path)));
    if (its === null) continue;
    if (ours && its === `${ours.dev}:${ours.ino}`) return null;
    found ??= dirname(path);
  }
  if (found === null) return null;
  if (pathOf(pid, '/') !== '/') return { folder: found, why: 'namespace' };
  if (found !== canonical) return { folder: found, why: 'moved' };
  return { folder: found, why: 'mount', mountPoint: mountOf(canonical, readMounts() ?? []).point };
}

function identityOf(pid: number, fd: number): string | null {
  try {
    const { dev, ino } = statSync(`/proc/${pid}/fd/${fd}`, { bigint: true });
    return `${dev}:${ino}`;
  } catch {
    return null;
  }
}
