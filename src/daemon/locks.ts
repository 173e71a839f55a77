import { closeSync, constants, fstatSync } from 'node:fs';
import { join } from 'node:path';
import { names } from '../coven/layout.ts';
import { runSystem } from '../programs.ts';
import { isSame, look, makePrivate, openPrivate } from './private.ts';

/** Releases what it stands for; the end of the process does so, too. */
export type Release = () => void;

/**
 * Takes the three flock(2) locks that a daemon holds for its life: `state.lock` shared with every Coven command,
 * `daemon-serve.lock` and `automations-scheduler.lock` alone. Never waits; throws one line naming the lock that is held.
 */
export function takeLocks(home: string): Release {
  const path = (name: string): string => join(home, name);
  const held: Release[] = [];
  const release = (): void => {
    for (const one of held.splice(0).reverse()) one();
  };
  try {
    held.push(
      takeLock(path(names.stateLock), 'shared', `a reset of this home is under way (holds ${path(names.stateLock)})`),
    );
    held.push(
      takeLock(
        path(names.serveLock),
        'exclusive',
        `another Coven daemon is already serving this home (holds ${path(names.serveLock)}); refusing to start a second daemon, which would contend for the SQLite store`,
      ),
    );
    held.push(
      takeLock(path(names.schedulerLock), 'exclusive', `automations scheduler leadership is already held for ${home}`),
    );
  } catch (error) {
    release();
    throw error;
  }
  return release;
}

function takeLock(path: string, kind: 'shared' | 'exclusive', refusal: string): Release {
  const fd = openPrivate(path, constants.O_RDWR | constants.O_CREAT);
  try {
    makePrivate(fd);
    // Node has no flock. The lock belongs to the open file, which flock(1) shares only for its own short life.
    const how = [kind === 'shared' ? '-s' : '-x', '-n', '3'];
    const { status, error, stderr } = runSystem('flock', how, ['ignore', 'ignore', 'pipe', fd]);
    if (error) throw new Error(`cannot lock ${path}: flock(1) is needed and does not run (${error.message})`);
    if (status === 1) throw new Error(refusal);
    if (status !== 0) throw new Error(`cannot lock ${path}: ${stderr.trim()}`);
    // A lock on a file that was renamed away or removed meanwhile would guard nothing.
    if (!isSame(look(path), fstatSync(fd, { bigint: true })))
      throw new Error(`cannot lock ${path}: it was replaced meanwhile`);
  } catch (error) {
    closeSync(fd);
    throw error;
  }
  return () => closeSync(fd);
}
