import { statfsSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { dirname, isAbsolute } from 'node:path';
import { closeFolder } from './folder.ts';
import { CannotSee } from './host.ts';
import { isBelow, type Outside, openOutside } from './outside.ts';
import { makePrivate, type Private, removeLeftovers, removePrivate } from './private.ts';

/** A private folder outside the home, by whose path nobody else can put another one. */
export interface Scratch {
  readonly path: string;
  /** Removes it with all that is in it, links and copies included. */
  readonly remove: () => void;
}

/**
 * Whether a folder in memory will do, which is not the home's own file system. `never`: whole ledgers are written there, and memory that they fill is
 * everybody's. `last`: where no disk has a place for a handful of small files. A number: that many bytes are written, and if so
 * many are free in memory they are written there, since nothing then waits for a disk; otherwise as `never`. Source: safety 21.
 */
export type InMemory = 'never' | 'last' | number;

/**
 * Makes a private folder (0700) outside the home, if one is named, on the file system of `device` where there is a place for one; else in
 * a temporary folder, where a hard link fails. A place is used only if no other user can rename what is on its path. Throws
 * CannotSee where there is no place.
 */
export function makeScratch(home: string | null, device: string | null, inMemory: InMemory = 'never'): Scratch {
  const places = [...temporary(), ...(home === null ? [] : foldersAbove(home))];
  const made =
    (typeof inMemory === 'number' && hasRoom(memory, inMemory) && makeAt(memory, home, null)) ||
    (device !== null && firstOf(places, (place) => makeAt(place, home, device))) ||
    (inMemory === 'last'
      ? firstOf([...temporary(), memory], (place) => makeAt(place, home, null))
      : firstOf(temporary(), (place) => (isInMemory(place) ? null : makeAt(place, home, null))));
  if (!made)
    throw new CannotSee(
      'no-scratch',
      inMemory === 'last'
        ? 'no temporary folder is safe from other users; set TMPDIR to a folder of your own'
        : 'no temporary folder on a disk is safe from other users; set TMPDIR to a folder of your own there',
    );
  return {
    path: made.path,
    remove: () => {
      try {
        removePrivate(made);
      } catch {
        // A later run removes what is left.
      }
      closeFolder(made.parent);
    },
  };
}

/** Source: shm_overview(7) of Linux. */
const memory = '/dev/shm';

function hasRoom(place: string, bytes: number): boolean {
  try {
    const { bavail, bsize, type } = statfsSync(place);
    return type === tmpfs && bavail * bsize >= bytes;
  } catch {
    return false;
  }
}

function isInMemory(place: string): boolean {
  try {
    return [tmpfs, ramfs].includes(statfsSync(place).type);
  } catch {
    return false;
  }
}

/** A scratch folder holds a handful of files and links. */
const fewFiles = 32n;

/** Whether the file system of a folder has room for more files, whatever space it has; those that count none have. */
function hasInodes(place: string): boolean {
  try {
    const { files, ffree } = statfsSync(place, { bigint: true });
    return files === 0n || ffree >= fewFiles;
  } catch {
    return true;
  }
}

/** Source: statfs(2) of Linux, TMPFS_MAGIC and RAMFS_MAGIC. */
const [tmpfs, ramfs] = [0x01021994, 0x858458f6];

const temporary = (): readonly string[] =>
  [tmpdir(), process.env.XDG_CACHE_HOME ?? '', `${homedir()}/.cache`, '/tmp', '/var/tmp'].filter(isAbsolute);

/** Nearest first. Root finds a place there for the ledger of a user who alone can write around it. */
function foldersAbove(path: string): readonly string[] {
  const above = dirname(path);
  return above === path ? [] : [above, ...foldersAbove(above)];
}

function firstOf<T>(places: readonly string[], make: (place: string) => T | null): T | null {
  for (const place of new Set(places)) {
    const made = make(place);
    if (made) return made;
  }
  return null;
}

/** Null where a place is not there, not safe, part of the home, or not on the file system that is wanted. */
function makeAt(path: string, home: string | null, device: string | null): Private | null {
  let place: Outside;
  try {
    place = openOutside(path);
  } catch {
    return null;
  }
  try {
    const isInHome = home !== null && isBelow(place, home);
    if (place.exposed === null && (device ?? place.dev) === place.dev && !isInHome && hasInodes(path)) {
      removeLeftovers(place);
      return makePrivate(place);
    }
  } catch {
    // Nothing can be made there, as for want of a right or of room.
  }
  closeFolder(place);
  return null;
}
