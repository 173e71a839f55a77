import {
  closeSync,
  constants,
  fsyncSync,
  ftruncateSync,
  linkSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmdirSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { isErrno } from '../../host/files.ts';
import { at, type Folder, isSame } from '../../host/folder.ts';
import { identify } from '../../host/identity.ts';
import type { FileIdentity } from '../../model/observation.ts';
import { differences, refuseDrift } from './folder.ts';
import { Refusal } from './refusal.ts';

/**
 * Every call by which the engine makes, moves or removes an entry of a folder or writes a file, each durable when it returns:
 * the file is synchronised where its content counts, and the folder wherever an entry was made, moved or removed. Modes,
 * owners and times are changed in `attributes.ts`.
 */

/** Makes a folder, 0700; one that is there already is left as it is. */
export function makeFolder(parent: Folder, name: string): void {
  try {
    mkdirSync(at(parent, name), 0o700);
  } catch (error) {
    if (isErrno(error, 'EEXIST')) return;
    throw error;
  }
  fsyncSync(parent.fd);
}

/** Makes an empty file, 0600, and opens it to write. Throws EEXIST where there is something. */
export function makeFile(parent: Folder, name: string): number {
  const fd = openSync(
    at(parent, name),
    constants.O_RDWR | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW,
    0o600,
  );
  fsyncSync(parent.fd);
  return fd;
}

/** Makes an empty file, 0600, where nothing is. */
export function makeIfMissing(parent: Folder, name: string): void {
  try {
    closeSync(makeFile(parent, name));
  } catch (error) {
    if (!isErrno(error, 'EEXIST')) throw error;
  }
}

/** Writes `bytes` with one call, and makes them durable. Throws where they were not written whole. */
export function writeAt(fd: number, bytes: Buffer, position: number): void {
  const written = writeSync(fd, bytes, 0, bytes.length, position);
  // A full disk may take a part of it.
  if (written < bytes.length) throw Object.assign(new Error('short write'), { code: 'ENOSPC', syscall: 'write' });
  fsyncSync(fd);
}

export function cutAt(fd: number, length: number): void {
  ftruncateSync(fd, length);
  fsyncSync(fd);
}

/**
 * Makes a file with this content, whole or not at all. It is named by a link, so that a file system without hard links,
 * on which nothing could be put back, refuses a run before its first act.
 */
export function makeWhole(parent: Folder, name: string, text: string): void {
  const part = `${name}.part`;
  const fd = makeFile(parent, part);
  try {
    writeAt(fd, Buffer.from(text), 0);
  } finally {
    closeSync(fd);
  }
  linkSync(at(parent, part), at(parent, name));
  unlinkSync(at(parent, part));
  fsyncSync(parent.fd);
}

/**
 * Moves an entry into a quarantine. rename(2) overwrites: the place there must be free, and is in a folder that only we
 * write. What was moved is looked at again, and put back where it is not what was meant.
 */
export function setAside(from: Folder, name: string, quarantine: Folder, item: string, was: FileIdentity): void {
  if (exists(at(quarantine, item))) throw new Refusal('drift', { path: item, fields: 'taken' });
  renameSync(at(from, name), at(quarantine, item));
  fsyncSync(quarantine.fd);
  fsyncSync(from.fd);
  const fields = differences(was, identify(at(quarantine, item)));
  if (fields.length > 0) putBackWrong(quarantine, item, from, name);
  refuseDrift(name, fields);
}

/**
 * Moves an entry out of a quarantine to a place that must be free: a link fails where something is, and a rename would
 * overwrite it. Goes on where a crash left it linked at both. A folder cannot be linked: it is renamed, which fails on
 * anything but an empty folder.
 */
export function putBack(quarantine: Folder, item: string, to: Folder, name: string): void {
  const found = identify(at(quarantine, item));
  if (!found) throw new Refusal('drift', { path: item, fields: 'absent' });
  const there = identify(at(to, name));
  if (there && !isSame(there, found)) throw new Refusal('drift', { path: name, fields: 'taken' });
  if (found.kind === 'directory') {
    renameSync(at(quarantine, item), at(to, name));
  } else {
    if (!there) linkSync(at(quarantine, item), at(to, name));
    fsyncSync(to.fd);
    unlinkSync(at(quarantine, item));
  }
  fsyncSync(to.fd);
  fsyncSync(quarantine.fd);
}

/**
 * Puts a file in the place of another in one call, so that there is no instant without one; the old one keeps a name in
 * `aside`. Goes on where a crash left that at both.
 */
export function exchange(from: Folder, item: string, to: Folder, name: string, aside: Folder, kept: string): void {
  const next = identify(at(from, item));
  if (!next) throw new Refusal('drift', { path: item, fields: 'absent' });
  const old = identify(at(to, name));
  if (!old) throw new Refusal('drift', { path: name, fields: 'absent' });
  const there = identify(at(aside, kept));
  if (there && !isSame(there, old)) throw new Refusal('drift', { path: kept, fields: 'taken' });
  if (!there) linkSync(at(to, name), at(aside, kept));
  fsyncSync(aside.fd);
  // Another file that came since would be overwritten, and has no second name.
  if (!isSame(old, identify(at(to, name)))) throw new Refusal('drift', { path: name, fields: 'ino' });
  renameSync(at(from, item), at(to, name));
  fsyncSync(to.fd);
  fsyncSync(from.fd);
}

/** Removes a second name of a file that keeps the one it has in another folder. */
export function dropName(folder: Folder, name: string, other: Folder, kept: string): void {
  if (!isSame(identify(at(folder, name)), identify(at(other, kept)))) return;
  unlinkSync(at(folder, name));
  fsyncSync(folder.fd);
}

/** What cannot be put back stays in the quarantine, and is no refusal: something was done. */
function putBackWrong(quarantine: Folder, item: string, to: Folder, name: string): void {
  try {
    putBack(quarantine, item, to, name);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    throw Object.assign(new Error(error.message), { code: 'EEXIST', syscall: 'link' });
  }
}

/** Removes the folder of a run that did not begin; one that holds anything else that somebody may want stays. */
export function dropRun(runs: Folder, run: string, files: readonly string[], folders: readonly string[]): void {
  try {
    for (const name of folders) rmdirSync(at(runs, `${run}/${name}`));
    const left = readdirSync(at(runs, run));
    if (left.every((name) => files.includes(name))) for (const name of left) unlinkSync(at(runs, `${run}/${name}`));
    rmdirSync(at(runs, run));
    fsyncSync(runs.fd);
  } catch {
    return;
  }
}

const exists = (path: string): boolean => lstatSync(path, { throwIfNoEntry: false }) !== undefined;
