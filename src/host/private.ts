import {
  chmodSync,
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  fstatSync,
  lstatSync,
  mkdirSync,
  opendirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { randomHex } from '../random.ts';
import { isErrno } from './files.ts';
import { closeFolder, entryOf, type FileId, hasDescriptors, isSame, openFolder, type Placed } from './folder.ts';
import { pidNamespace, readStat } from './procfs.ts';

/** A folder of ours outside a home, which nobody else can look into or write to. */
export interface Private extends Placed {
  readonly name: string;
  readonly parent: Placed;
}

const prefix = '.coven-doctor-';
/** Tells that a folder was made here: it names the folder itself, so that a copy of it elsewhere proves nothing. */
const markerName = '.made-by-coven-doctor';
const markerLimit = 200;
const dayMs = 24 * 3_600_000;
/** Entries of a folder that are looked at for leftovers: one of others may hold millions. */
const mostEntries = 100_000;
/** Source: open(2) of Linux. A descriptor that names a folder and needs no right to list it. */
const O_PATH = 0o10000000;

/**
 * Makes a private folder, 0700, in an open one. Its name tells which process made it, so that what a killed run left is
 * removed by a later one. A folder that gives its entries other modes, owners or groups is overruled; where that cannot
 * be done, an error says EPERM.
 */
export function makePrivate(parent: Placed): Private {
  const ticks = readStat(process.pid)?.startTicks ?? 0;
  const name = `${prefix}${pidNamespace()}-${process.pid}-${ticks}-${randomHex(8)}`;
  mkdirSync(entryOf(parent, name), { mode: 0o700 });
  const folder = openFolder(entryOf(parent, name));
  try {
    own(folder.fd, 0o700);
    const fd = createPrivate({ ...folder, path: join(parent.path, name) }, markerName);
    try {
      writeSync(fd, markerOf(folder));
    } finally {
      closeSync(fd);
    }
    return { ...folder, mode: 0o700, path: join(parent.path, name), name, parent };
  } catch (error) {
    closeFolder(folder);
    removeEntry(parent, name, folder);
    throw error;
  }
}

/** Makes an empty file, 0600, and opens it. Throws EEXIST where there is something. */
export function createPrivate(folder: Placed, name: string): number {
  const flags = constants.O_RDWR | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
  const fd = openSync(entryOf(folder, name), flags, 0o600);
  try {
    own(fd, 0o600);
    return fd;
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}

/** Makes what was just created this user's and group's alone, whatever the folder around it or the umask gave it. */
function own(fd: number, mode: number): void {
  const uid = process.geteuid?.() ?? -1;
  const gid = process.getegid?.() ?? -1;
  const was = fstatSync(fd);
  if (was.uid !== uid) throw notPrivate(`it belongs to uid ${was.uid}`);
  if (was.gid !== gid) fchownSync(fd, uid, gid);
  fchmodSync(fd, mode);
  const is = fstatSync(fd).mode & 0o7777;
  if (is !== mode) throw notPrivate(`its mode stays ${is.toString(8)}`);
}

const notPrivate = (why: string): Error => Object.assign(new Error(`not private: ${why}`), { code: 'EPERM' });

const markerOf = ({ dev, ino }: FileId): string => `${JSON.stringify({ madeBy: 'coven-doctor', dev, ino })}\n`;

/** Removes a private folder with all that is in it, and gives back its descriptor. */
export function removePrivate({ parent, name, ...folder }: Private): void {
  try {
    empty(folder);
  } finally {
    closeFolder(folder);
  }
  removeEntry(parent, name, folder);
}

/**
 * Removes what is at `name` in an open folder, with all that is in it. No symlink is followed, no other file system is
 * entered, and each entry is removed through the folder that it was found in. Nothing happens where nothing is there.
 */
export function removeTree(parent: Placed, name: string | Buffer): void {
  const path = Buffer.isBuffer(name) ? name : Buffer.from(name);
  const found = lstatSync(entryOf(parent, path), { throwIfNoEntry: false });
  if (!found) return;
  if (!found.isDirectory()) {
    gone(() => unlinkSync(entryOf(parent, path)));
    return;
  }
  openUp(entryOf(parent, path), found.mode);
  const folder = { ...openFolder(entryOf(parent, path)), path: join(parent.path, path.toString()) };
  try {
    if (folder.dev !== parent.dev) throw Object.assign(new Error('another file system'), { code: 'EXDEV' });
    empty(folder);
  } finally {
    closeFolder(folder);
  }
  gone(() => rmdirSync(entryOf(parent, path)));
}

/** What another process removed meanwhile, as SQLite does with its own files, is gone as well. */
function gone(remove: () => void): void {
  try {
    remove();
  } catch (error) {
    if (!isErrno(error, 'ENOENT')) throw error;
  }
}

function empty(folder: Placed): void {
  const inside = readdirSync(entryOf(folder, ''), { encoding: 'buffer' });
  // The marker goes last: what is left of a removal that was cut off still tells whose it is.
  for (const name of inside) if (name.toString() !== markerName) removeTree(folder, name);
  removeTree(folder, markerName);
}

/** A folder that its mode closes to its owner, as a copy of one has it, is opened. */
function openUp(path: Buffer, mode: number): void {
  if ((mode & 0o700) === 0o700 || !hasDescriptors) return;
  const fd = openSync(path, O_PATH | constants.O_DIRECTORY | constants.O_NOFOLLOW);
  try {
    chmodSync(`/proc/self/fd/${fd}`, 0o700);
  } finally {
    closeSync(fd);
  }
}

/** Removes an empty folder of ours from an open one; another one that has its name by now stays. */
function removeEntry(parent: Placed, name: string, was: FileId): void {
  const there = lstatSync(entryOf(parent, name), { bigint: true, throwIfNoEntry: false });
  if (there && isSame(was, { dev: String(there.dev), ino: String(there.ino) })) rmdirSync(entryOf(parent, name));
}

/**
 * Removes private folders that runs which were killed left in an open one: a leftover hard link would keep a ledger's
 * bytes alive after a reset. One is ours only if it is a folder of this user with mode 0700, and a file in it that
 * nobody else could make says so, or nothing is in it yet; whatever is not proven stays. Whether a process of another pid namespace is gone
 * cannot be seen; no reading of a ledger takes a day. What cannot be removed is left to the next run.
 */
export function removeLeftovers(parent: Placed): void {
  // By path, nothing is removed where somebody else writes.
  if (!hasDescriptors && (parent.mode & 0o022) !== 0) return;
  const namespace = pidNamespace();
  for (const name of namesIn(parent, (name) => leftover.test(name))) {
    const [, where, pid, ticks] = leftover.exec(name) ?? [];
    if (!pid || (where === namespace && readStat(Number(pid))?.startTicks === ticks)) continue;
    try {
      const folder = openFolder(entryOf(parent, name));
      const placed = { ...folder, path: join(parent.path, name), name, parent };
      if ((where === namespace || isOld(folder.fd)) && isOurs(placed)) removePrivate(placed);
      else closeFolder(folder);
    } catch {
      // A symlink, another user's, or being removed by another run.
    }
  }
}

const leftover = /^\.coven-doctor-(\d+)-(\d+)-(\d+)-[\da-f]{16}$/;

const isOld = (fd: number): boolean => Date.now() - fstatSync(fd).mtimeMs > dayMs;

function isOurs(folder: Placed): boolean {
  if (folder.uid !== process.geteuid?.() || folder.mode !== 0o700) return false;
  const inside = namesIn(folder);
  const fd = openIfThere(folder, markerName);
  if (fd === null) return inside.length === 0;
  try {
    const { uid, mode, nlink, size } = fstatSync(fd);
    if (uid !== folder.uid || (mode & 0o7777) !== 0o600 || nlink !== 1 || size > markerLimit) return false;
    return readFileSync(fd, 'utf8') === markerOf(folder) || (size === 0 && inside.length === 1);
  } finally {
    closeSync(fd);
  }
}

function namesIn(folder: Placed, isWanted = (_name: string): boolean => true): readonly string[] {
  const names: string[] = [];
  try {
    const entries = opendirSync(entryOf(folder, ''), { bufferSize: 1024 });
    try {
      for (let looked = 0; looked < mostEntries; looked += 1) {
        const entry = entries.readSync();
        if (entry === null) break;
        if (isWanted(entry.name)) names.push(entry.name);
      }
    } finally {
      entries.closeSync();
    }
  } catch {
    return [];
  }
  return names;
}

function openIfThere(folder: Placed, name: string): number | null {
  try {
    return openSync(entryOf(folder, name), constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch {
    return null;
  }
}
