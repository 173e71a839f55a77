import {
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  realpathSync,
  statfsSync,
} from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import { lowDiskBytes } from '../coven/contract.ts';
import { closeFolder, openFolder } from '../host/folder.ts';
import { namesWithin } from '../host/names.ts';
import { openOutside, Unsafe } from '../host/outside.ts';
import { removeTree } from '../host/private.ts';
import { isRunId, mostRuns, nextRunId } from '../model/run-id.ts';
import { Refused, reasonOf } from './refused.ts';
import { sync } from './sync.ts';

/** TMPFS_MAGIC and RAMFS_MAGIC of statfs(2). */
const inMemory = [0x01021994, 0x858458f6];
/** Names in a run's folder: a backup while it is made, and once it is whole. Only `whole` counts. */
export const stages = { partial: 'backup.partial', proof: 'backup.proof', whole: 'backup' } as const;
/** Whether something in a run's folder is of no use to anybody when the run is over: a tree that a backup was proven in, what was staged. */
export const isScratch = (name: string): boolean =>
  name.startsWith(stages.proof) || name === 'staged' || name === 'now';
export const manifestName = 'manifest.json';

/** The home's real path. Throws Refused for what is no folder of this user's. */
export function homeOf(path: string): string {
  const stat = lstatSync(path, { throwIfNoEntry: false });
  if (!stat) throw new Refused(`${path} does not exist; name the home with --home`);
  if (stat.isSymbolicLink()) throw new Refused(`${path} is a symlink, which Coven refuses, too; name where it leads`);
  if (!stat.isDirectory()) throw new Refused(`${path} is not a folder; name the home with --home`);
  if (stat.uid !== process.geteuid?.())
    throw new Refused(`${path} belongs to uid ${stat.uid}; run this as that user, who could not read it otherwise`);
  if (stat.uid !== 0) return realpathSync(path);
  const { real, exposed } = reachOf(path);
  if (exposed)
    throw new Refused(`${path} can be turned elsewhere: ${exposed}; root writes only where no other user can`);
  return real;
}

/** The folder of the home's own runs, which is made where it is not there: `doctor/runs`. */
export function runsOf(home: string): string {
  const doctor = join(home, 'doctor');
  const runs = join(doctor, 'runs');
  for (const folder of [doctor, runs]) {
    try {
      mkdirSync(folder, { mode: 0o700 });
      sync(dirname(folder));
    } catch (error) {
      if (reasonOf(error) !== 'EEXIST') throw new Refused(`${folder} cannot be made (${reasonOf(error)})`);
    }
    const why = whyNotPrivate(folder);
    if (why) throw new Refused(`${folder} ${why}; make it yours alone (mode 0700), and keep it: it holds your backups`);
  }
  return runs;
}

/** Names of runs in a folder for them; none where it is not there. Throws Refused for one that cannot be looked at. */
export function runsIn(place: string): readonly string[] {
  let found: readonly string[] | null;
  try {
    found = namesWithin(place, mostRuns, isRunId);
  } catch (error) {
    const code = reasonOf(error);
    if (code === 'ENOENT') return [];
    throw new Refused(`${place} cannot be looked at (${code})`);
  }
  if (found) return found;
  throw new Refused(
    `${place} holds more than ${mostRuns} runs; keep the newest there, and move the others to a folder elsewhere`,
  );
}

/** Begins a run's private folder in a place for them; its path. */
export function beginRun(place: string): string {
  const run = join(place, nextRunId(runsIn(place), new Date()));
  mkdirSync(run, { mode: 0o700 });
  sync(place);
  return run;
}

/** A folder outside the home that a user named for backups, as its real path. Throws Refused for an unsafe one. */
export function outsideOf(home: string, folder: string): string {
  const stat = lstatSync(folder, { throwIfNoEntry: false });
  if (!stat)
    throw new Refused(`${folder} does not exist; make it first: mkdir -m 700 '${folder.replaceAll("'", "'\\''")}'`);
  if (!stat.isDirectory()) throw new Refused(`${folder} is not a folder; name one of your own`);
  const real = realpathSync(folder);
  if (real !== folder) throw new Refused(`${folder} is reached through a symlink; name it as ${real}`);
  if (stat.uid !== process.geteuid?.()) throw new Refused(`${folder} belongs to uid ${stat.uid}; name one of your own`);
  if ((stat.mode & 0o022) !== 0) throw new Refused(`${folder} can be written to by others; chmod 700 it first`);
  if (!relative(realpathSync(home), real).split('/').includes('..'))
    throw new Refused(`${folder} is inside the home, and would be part of every later backup; name one outside`);
  const { exposed } = reachOf(folder);
  if (exposed) throw new Unsafe(`--backup-dir ${folder}: ${exposed}, who could turn it elsewhere; name another folder`);
  return real;
}

/** Why a folder of ours does not count as ours, or null. */
export function whyNotPrivate(folder: string): string | null {
  const stat = lstatSync(folder, { throwIfNoEntry: false });
  if (!stat?.isDirectory()) return 'is not a folder';
  if (stat.uid !== process.geteuid?.()) return `belongs to uid ${stat.uid}`;
  if ((stat.mode & 0o077) !== 0) return 'is open to others';
  return (stat.mode & 0o700) === 0o700 ? null : 'is closed to its owner';
}

/** Text of a file of ours. Throws Refused for one that others could have written, or that is too large to be it. */
export function readOurs(path: string, limit: number): string {
  const fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const stat = fstatSync(fd);
    const isOurs = stat.isFile() && stat.nlink === 1 && stat.uid === process.geteuid?.() && (stat.mode & 0o077) === 0;
    if (!isOurs) throw new Refused('it is not a private file of this user');
    if (stat.size > limit) throw new Refused(`it is larger than ${sized(limit)}`);
    return readFileSync(fd, 'utf8');
  } finally {
    closeSync(fd);
  }
}

/** Throws Refused where `place` has no room for `times` the bytes and files, or holds them in memory alone. */
export function checkRoom(place: string, home: string, bytes: number, files: number, times: number): void {
  const { type, bsize, bavail, ffree } = statfsSync(place);
  if (inMemory.includes(type) && !inMemory.includes(statfsSync(home).type))
    throw new Refused(`${place} is in memory; name a folder on a disk with --backup-dir`);
  // Below that, a daemon calls its storage low, and later stops its maintenance.
  const needed = bytes * times + lowDiskBytes;
  if (bavail * bsize < needed)
    throw new Refused(
      `${place} has ${sized(bavail * bsize)} free, and a proven backup needs ${sized(needed)}, of which 1 GiB stays free; make room, or name a folder on another disk with --backup-dir`,
    );
  // A file system that counts no files tells 0 of them, all told.
  if (ffree > 0 && ffree < files * times)
    throw new Refused(`${place} has room for ${ffree} more files, and a proven backup needs ${files * times}`);
}

/** Removes scratch of ours, with all that is in it. Throws Refused where others can write to the folder that holds it. */
export function removeScratch(path: string): void {
  const folder = openFolder(dirname(path));
  try {
    if (folder.uid !== process.geteuid?.() || (folder.mode & 0o022) !== 0)
      throw new Refused(`${dirname(path)} is not this user's alone, so nothing is removed from it`);
    removeTree({ ...folder, path: dirname(path) }, basename(path));
  } finally {
    closeFolder(folder);
  }
}

/** Where a path leads, and why another user can change that, or null. */
function reachOf(path: string): { readonly real: string; readonly exposed: string | null } {
  try {
    const folder = openOutside(path);
    closeFolder(folder);
    return { real: folder.path, exposed: folder.exposed };
  } catch (error) {
    if (error instanceof Unsafe) return { real: path, exposed: error.message };
    throw new Refused(`${path} cannot be reached (${reasonOf(error)})`);
  }
}

const sized = (bytes: number): string => `${Math.ceil(bytes / 1024 ** 2)} MiB`;
