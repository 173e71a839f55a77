import {
  closeSync,
  constants,
  fchmodSync,
  fstatSync,
  fsyncSync,
  linkSync,
  lstatSync,
  openSync,
  readSync,
  renameSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { closeFolder, entryOf, isSame, type Placed, synchronise } from './folder.ts';
import { isBelow, type Outside, openOutside, refuseMoved, Unsafe } from './outside.ts';
import { createPrivate, makePrivate, removeLeftovers, removePrivate } from './private.ts';

/** A file that will be written outside the home, in a folder that stays open until then. */
export interface OutsideFile {
  /** With the real path of its folder. */
  readonly path: string;
  readonly folder: Outside;
  readonly name: string;
}

const contentName = 'content';

/**
 * Opens the folder of a file that will be written. Throws Unsafe, before anything is looked at, where it lies in the
 * home, where something is in its place that is no regular file, and, for root, where another user can turn its path to
 * another file; else what the file system says.
 */
export function openOutsideFile(path: string, home: string): OutsideFile {
  const folder = openOutside(dirname(path));
  try {
    if (isBelow(folder, home)) throw new Unsafe('lies in the Coven home; nothing is written there');
    if (folder.exposed !== null && process.geteuid?.() === 0)
      throw new Unsafe(`${folder.exposed}, and root writes only where no other user can; name a folder of root's own`);
    const name = basename(path);
    refuseOthers(folder, name);
    return { path: join(folder.path, name), folder, name };
  } catch (error) {
    closeFolder(folder);
    throw error;
  }
}

/**
 * Writes a file whole or not at all, for its owner alone (0600), and makes it durable. `accept` is given the path of what
 * was written before it has its name, and refuses it with false; nothing is then left, as after every error. Throws
 * Unsafe where the folder was replaced meanwhile or the file was, and what the file system says.
 */
export async function writeOutsideFile(
  { folder, name }: OutsideFile,
  bytes: string | Buffer,
  accept: (path: string) => Promise<boolean> = async () => true,
): Promise<boolean> {
  removeLeftovers(folder);
  const draft = makePrivate(folder);
  try {
    const fd = createPrivate(draft, contentName);
    try {
      writeFileSync(fd, bytes);
      fsyncSync(fd);
      if (!(await accept(entryOf(draft, contentName)))) return false;
      refuseOthers(folder, name);
      refuseMoved(folder);
      renameSync(entryOf(draft, contentName), entryOf(folder, name));
      refuseReplaced(folder, name, fd);
    } finally {
      closeSync(fd);
    }
    synchronise(entryOf(folder, '.'));
    return true;
  } finally {
    removePrivate(draft);
  }
}

function refuseOthers(folder: Placed, name: string): void {
  const there = lstatSync(entryOf(folder, name), { throwIfNoEntry: false });
  if (there && !there.isFile()) throw new Unsafe('something is there that is not a regular file');
}

function refuseReplaced(folder: Placed, name: string, fd: number): void {
  const [is, was] = [
    lstatSync(entryOf(folder, name), { bigint: true, throwIfNoEntry: false }),
    fstatSync(fd, { bigint: true }),
  ].map((stat) => (stat ? { dev: String(stat.dev), ino: String(stat.ino) } : null));
  if (!isSame(is ?? null, was ?? null)) throw new Unsafe('another file was put in its place while it was written');
}

/**
 * Makes a file where nothing is, by a program that is given a private folder beside it and the path of the file in it. It gets
 * its name, durable and with `mode`, only if `fill` says so; nothing is left otherwise. Throws Unsafe where something is
 * there.
 */
export async function fillOutsideFile(
  { folder, name }: OutsideFile,
  fill: (path: string, scratch: string) => Promise<boolean>,
  mode = 0o600,
): Promise<boolean> {
  refuseAny(folder, name);
  removeLeftovers(folder);
  const draft = makePrivate(folder);
  try {
    if (!(await fill(join(draft.path, contentName), draft.path))) return false;
    const fd = openSync(entryOf(draft, contentName), constants.O_RDWR | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    try {
      fchmodSync(fd, mode);
      fsyncSync(fd);
      refuseMoved(folder);
      refuseAny(folder, name);
      // Fails where something has this name by now, which a rename would replace.
      linkSync(entryOf(draft, contentName), entryOf(folder, name));
    } finally {
      closeSync(fd);
    }
    synchronise(entryOf(folder, '.'));
    return true;
  } finally {
    removePrivate(draft);
  }
}

function refuseAny(folder: Placed, name: string): void {
  if (lstatSync(entryOf(folder, name), { throwIfNoEntry: false })) throw new Unsafe('something is there already');
}

/** The same of bytes that are known, which `accept` judges as in `writeOutsideFile`. */
export const makeOutsideFile = (
  file: OutsideFile,
  bytes: string | Buffer,
  accept: (path: string) => Promise<boolean> = async () => true,
  mode = 0o600,
): Promise<boolean> =>
  fillOutsideFile(
    file,
    async (path) => {
      writeFileSync(path, bytes, { flag: 'wx', mode: 0o600 });
      return accept(path);
    },
    mode,
  );

/** Throws Unsafe where something has the name of a file that is to be made. */
export const refuseExisting = ({ folder, name }: OutsideFile): void => refuseAny(folder, name);

/**
 * Removes a file that `isOurs` knows by its text; false where nothing is there. Throws Unsafe for anything else, which
 * stays.
 */
export function removeOutsideFile({ folder, name }: OutsideFile, isOurs: (text: string) => boolean): boolean {
  const text = smallText(entryOf(folder, name));
  if (text === null) return false;
  if (!isOurs(text)) throw new Unsafe('it was not written by coven-doctor');
  removeLeftovers(folder);
  const draft = makePrivate(folder);
  const moved = entryOf(draft, contentName);
  let isKept = false;
  try {
    refuseMoved(folder);
    renameSync(entryOf(folder, name), moved);
    if (!isOurs(smallText(moved) ?? '')) {
      // Another file was put in its place since: it goes back, and stays in the private folder where it cannot.
      isKept = true;
      linkSync(moved, entryOf(folder, name));
      isKept = false;
      throw new Unsafe('it was replaced by another file');
    }
    synchronise(entryOf(folder, '.'));
    return true;
  } finally {
    if (isKept) closeFolder(draft);
    else removePrivate(draft);
  }
}

const mostText = 64 * 1024;

/** The text of a regular file, cut at 64 KiB; null where nothing is. */
function smallText(path: string): string | null {
  if (!lstatSync(path, { throwIfNoEntry: false })) return null;
  const fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    if (!fstatSync(fd).isFile()) return '';
    const bytes = Buffer.alloc(mostText);
    return bytes.toString('utf8', 0, readSync(fd, bytes, 0, mostText, 0));
  } finally {
    closeSync(fd);
  }
}
