import {
  chmodSync,
  chownSync,
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  fstatSync,
  fsyncSync,
  futimesSync,
  openSync,
} from 'node:fs';
import { at, closeFolder, type Folder, isSame, openFolder, synchronise } from '../../host/folder.ts';
import { isLedgerFile } from '../../host/identity.ts';
import type { FileIdentity } from '../../model/observation.ts';
import { Refusal } from './refusal.ts';

/** Every call by which the engine changes modes, owners and times, each durable when it returns. */

/** Source: open(2) of Linux. A descriptor that names a file and neither reads nor writes it, whatever its kind. */
const O_PATH = 0o10000000;

/** Does something in a folder of ours whose mode does not let us write there, and sets that mode again. */
export function whileOpen({ fd, mode }: Folder, act: () => void): void {
  fchmodSync(fd, mode | 0o300);
  try {
    act();
  } finally {
    fchmodSync(fd, mode);
    fsyncSync(fd);
  }
}

/**
 * Does something while nobody else can write into a folder of ours, and sets its mode again. Cut off, it leaves the folder
 * closed to others, as any command of Coven does to a home.
 */
export async function whileClosed<T>({ fd }: Folder, act: () => Promise<T>): Promise<T> {
  const mode = fstatSync(fd).mode & 0o7777;
  if ((mode & 0o022) === 0) return act();
  fchmodSync(fd, mode & ~0o022);
  try {
    return await act();
  } finally {
    fchmodSync(fd, mode);
    fsyncSync(fd);
  }
}

/** Gives a copy of ours in `folder` the owner and mode of `was`, and a time in nanoseconds, and makes it durable. */
export function likeness(folder: string, name: string, { mode, uid, gid }: FileIdentity, mtimeNs: bigint): void {
  const parent = openFolder(folder);
  const fd = openSync(at(parent, name), constants.O_RDONLY | constants.O_NOFOLLOW);
  try {
    fchownSync(fd, uid, gid);
    fchmodSync(fd, mode);
    const seconds = Number(mtimeNs / 1_000_000_000n);
    futimesSync(fd, seconds, seconds);
    fsyncSync(fd);
    fsyncSync(parent.fd);
  } finally {
    closeSync(fd);
    closeFolder(parent);
  }
}

/** Sets the mode of the very file that `was` names: a symlink or another file put there meanwhile is not followed. */
export function setMode(folder: Folder, name: string, mode: number, was: FileIdentity): void {
  onFile(folder, name, was, (path) => chmodSync(path, mode));
}

/** Sets owner and group, likewise. */
export function setOwner(folder: Folder, name: string, uid: number, gid: number, was: FileIdentity): void {
  onFile(folder, name, was, (path) => chownSync(path, uid, gid));
}

function onFile(folder: Folder, name: string, was: FileIdentity, act: (path: string) => void): void {
  const fd = openSync(at(folder, name), O_PATH | constants.O_NOFOLLOW);
  try {
    const { dev, ino, nlink } = fstatSync(fd, { bigint: true });
    if (!isSame(was, { dev: String(dev), ino: String(ino) })) throw new Refusal('drift', { path: name, fields: 'ino' });
    if (was.kind === 'file' && nlink > 1n) throw new Refusal('linked', { path: name, links: Number(nlink) });
    act(`/proc/self/fd/${fd}`);
    if (!isLedgerFile(name)) synchroniseHeld(fd, was);
    fsyncSync(folder.fd);
  } finally {
    closeSync(fd);
  }
}

/** Sockets, FIFOs, ledgers and what may not be read are made durable with the folder that names them. */
function synchroniseHeld(path: number, { kind }: FileIdentity): void {
  if (kind === 'file' || kind === 'directory') synchronise(`/proc/self/fd/${path}`);
}
