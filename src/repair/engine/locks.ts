import { closeSync, constants, fstatSync, openSync } from 'node:fs';
import { names } from '../../coven/layout.ts';
import { isErrno } from '../../host/files.ts';
import { at, type Folder, isSame } from '../../host/folder.ts';
import { identify } from '../../host/identity.ts';
import { flockHolders } from '../../host/observations/home-locks.ts';
import type { Phase } from '../../model/step.ts';
import { runSystem } from '../../programs.ts';
import { makeFile } from './durable.ts';
import { Refusal } from './refusal.ts';

/** Locks of Coven that a phase needs, in the order in which they are taken. */
export const phaseLocks: Readonly<Record<Phase, readonly string[]>> = {
  alive: [names.lifecycleLock],
  gone: [names.stateLock, names.lifecycleLock, names.serveLock],
  after: [],
};

export interface Held {
  /** Throws where a lock is none any more: its path names another file, and another process may hold that. */
  readonly verify: () => void;
  readonly release: () => void;
}

/**
 * Takes flock(2) locks of one folder exclusively, without waiting, all or none. A lock file that is missing is made as
 * Coven makes it, empty and 0600; it stays, since removing one could leave two processes with a lock each. Throws a
 * refusal that names the lock and, where the kernel tells it, the process that holds it.
 */
export async function takeLocks(folder: Folder, lockFiles: readonly string[]): Promise<Held> {
  const held: { readonly fd: number; readonly name: string }[] = [];
  const release = (): void => {
    for (const { fd } of held.splice(0).reverse()) closeSync(fd);
  };
  try {
    for (const name of lockFiles) {
      const fd = openLock(folder, name);
      held.push({ fd, name });
      validate(folder, name, fd);
      if (!lock(name, fd)) throw await heldBy(name, fd);
      validate(folder, name, fd);
    }
  } catch (error) {
    release();
    throw error;
  }
  return {
    release,
    verify: () => {
      for (const { fd, name } of held) validate(folder, name, fd);
    },
  };
}

function openLock(folder: Folder, name: string): number {
  try {
    return makeFile(folder, name);
  } catch (error) {
    if (!isErrno(error, 'EEXIST')) throw error;
  }
  try {
    return openSync(at(folder, name), constants.O_RDWR | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    if (['ELOOP', 'EISDIR', 'ENXIO'].some((code) => isErrno(error, code)))
      throw new Refusal('lock-invalid', { lock: name, why: 'kind' });
    if (isErrno(error, 'EACCES')) throw new Refusal('lock-invalid', { lock: name, why: 'owner' });
    throw error;
  }
}

function validate(folder: Folder, name: string, fd: number): void {
  const stat = fstatSync(fd, { bigint: true });
  const why = (why: string): Refusal => new Refusal('lock-invalid', { lock: name, why });
  if (!stat.isFile()) throw why('kind');
  if (!isSame({ dev: String(stat.dev), ino: String(stat.ino) }, identify(at(folder, name))))
    throw new Refusal('lock-replaced', { lock: name });
  if (stat.nlink !== 1n) throw why('links');
  // Root is whom a lock file of another user is given back by, under the very lock.
  if (Number(stat.uid) !== process.geteuid?.() && process.geteuid?.() !== 0) throw why('owner');
}

/** Node has no flock. The lock belongs to the open file, which flock(1) shares only for its own short life. */
function lock(name: string, fd: number): boolean {
  const { status, error, signal } = runSystem('flock', ['-x', '-n', '3'], ['ignore', 'ignore', 'ignore', fd]);
  if (status === 0) return true;
  if (status === 1) return false;
  throw new Refusal('cannot-lock', { lock: name, why: error?.message ?? signal ?? `flock(1) ended with ${status}` });
}

async function heldBy(name: string, fd: number): Promise<Refusal> {
  const { dev, ino } = fstatSync(fd, { bigint: true });
  const [holder] = flockHolders({ name, dev: String(dev), ino: String(ino) });
  return new Refusal('lock-held', { lock: name, pid: holder?.pid || null });
}
