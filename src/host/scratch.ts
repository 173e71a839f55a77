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
 * Makes a private folder (0700) outside the home, if one is named, on the file system of `device` where there is a place for one; else in
 * a temporary folder, where a hard link fails and only a small ledger is copied. A place is used only if no other user
 * can rename what is on its path. Where `roomInMemory` bytes are free in memory, it is made there: what is written then
 * waits for no disk. Throws CannotSee where there is no place.
 */
export function makeScratch(home: string | null, device: string | null, roomInMemory: number | null = null): Scratch {
  const places = [...temporary(), ...(home === null ? [] : foldersAbove(home))];
  const made =
    (roomInMemory !== null && hasRoom(memory, roomInMemory) && makeAt(memory, home, null)) ||
    (device !== null && firstOf(places, (place) => makeAt(place, home, device))) ||
    firstOf([...temporary(), memory], (place) => makeAt(place, home, null));
  if (!made)
    throw new CannotSee(
      'no-scratch',
      'no temporary folder is safe from other users; set TMPDIR to a folder of your own',
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

/** Source: statfs(2) of Linux, TMPFS_MAGIC. */
const tmpfs = 0x01021994;

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
