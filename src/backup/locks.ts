import { closeSync, constants, fstatSync, lstatSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { names } from '../coven/layout.ts';
import { runSystem } from '../programs.ts';
import { Refused, reasonOf } from './refused.ts';

/** Releases what it stands for; the end of the process does so, too. */
export type Release = () => void;

/** One doctor that writes in a home at a time. `doctor` is there already. */
export function lockDoctor(home: string): Release {
  return takeLock(join(home, 'doctor', 'lock'), 'another coven-doctor works on this home; wait until it has ended');
}

/** Every lock that a Coven process could hold, in the order in which they are taken, all or none; never waits. */
export function lockCoven(home: string): Release {
  const held: Release[] = [];
  const release = (): void => {
    for (const one of held.splice(0).reverse()) one();
  };
  try {
    for (const name of [names.stateLock, names.lifecycleLock, names.serveLock]) {
      held.push(takeLock(join(home, name), 'Coven works on this home; stop it first: coven daemon stop'));
    }
  } catch (error) {
    release();
    throw error;
  }
  return release;
}

function takeLock(path: string, held: string): Release {
  let fd: number;
  try {
    // Made as Coven makes it where it is missing.
    fd = openSync(path, constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW | constants.O_NONBLOCK, 0o600);
  } catch (error) {
    throw new Refused(`${path} cannot be locked (${reasonOf(error)}); coven-doctor tells what is wrong with it`);
  }
  try {
    const stat = fstatSync(fd, { bigint: true });
    if (!stat.isFile() || stat.nlink !== 1n || Number(stat.uid) !== process.geteuid?.())
      throw new Refused(`${path} is no lock of this user; coven-doctor tells what is wrong with it`);
    // Node has no flock. The lock belongs to the open file, which flock(1) shares only for its own short life.
    const { status, error } = runSystem('flock', ['-x', '-n', '3'], ['ignore', 'ignore', 'ignore', fd]);
    if (status === 1) throw new Refused(`${path} is held: ${held}`);
    if (status !== 0) throw new Refused(`${path} cannot be locked: flock(1) failed (${error?.message ?? status})`);
    const named = lstatSync(path, { bigint: true, throwIfNoEntry: false });
    // A lock on a file that was renamed away or removed meanwhile would guard nothing.
    if (named?.ino !== stat.ino || named.dev !== stat.dev)
      throw new Refused(`${path} was replaced while it was locked; run again`);
  } catch (error) {
    closeSync(fd);
    throw error;
  }
  return () => closeSync(fd);
}
