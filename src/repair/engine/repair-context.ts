import { existsSync, realpathSync } from 'node:fs';
import { isErrno } from '../../host/files.ts';
import { at, closeFolder, type Folder, isSame, openFolder } from '../../host/folder.ts';
import { identify } from '../../host/identity.ts';
import { whileOpen } from './attributes.ts';
import { makeFolder, makeIfMissing } from './durable.ts';
import { type Held, phaseLocks, takeLocks } from './locks.ts';
import { Refusal, reasonOf } from './refusal.ts';

/** The home and what is ours in it: `doctor/`, its lock, and the runs. */
export interface RepairContext {
  readonly home: Folder;
  /** Canonical. */
  readonly homePath: string;
  readonly runs: Folder;
  /** Throws where the path of the home or the doctor's lock names another file than it did. */
  readonly verify: () => void;
  readonly close: () => void;
}

const folderName = 'doctor';
const runsName = 'runs';
const runsPath = `${folderName}/${runsName}`;
const lockName = 'lock';

/**
 * Opens the home to write, alone: a second doctor is refused. `doctor/` is made, 0700. Throws a refusal for a home that
 * is a symlink or another user's (root too: what it made there would lock the user out), where what is in `doctor/` is
 * not the user's alone, and on platforms without /proc/self/fd, where nothing could be done relative to an open folder.
 */
export async function openRepairContext(path: string): Promise<RepairContext> {
  const home = openHome(path);
  const open: Folder[] = [home];
  let lock: Held | null = null;
  const close = (): void => {
    lock?.release();
    for (const folder of open.splice(0).reverse()) closeFolder(folder);
  };
  try {
    // A home that its own mode closes is opened for as long as it takes to make what a run needs in it: a repair of that
    // very mode is a step like any other. Any command of Coven sets the mode for good.
    if ((home.mode & 0o300) !== 0o300) whileOpen(home, () => makePlace(home));
    const doctor = makeOurs(home, folderName);
    open.push(doctor);
    lock = await takeLocks(doctor, [lockName]).catch((error) => {
      throw asSecondDoctor(error);
    });
    const runs = makeOurs(doctor, runsName, runsPath);
    open.push(runs);
    const held = lock;
    const verify = (): void => {
      if (!isSame(home, identify(path))) throw new Refusal('home-moved');
      if (!isSame(doctor, identify(at(home, folderName))))
        throw new Refusal('not-private', { path: folderName, why: 'replaced' });
      held.verify();
    };
    return { home, homePath: realpathSync(path), runs, verify, close };
  } catch (error) {
    close();
    throw error;
  }
}

/** Whether a run was ever made in a home. Refuses as `openRepairContext`. */
export function hasRuns(path: string): boolean {
  const found = openRuns(path);
  if (found) closeFolder(found.runs);
  return found !== null;
}

/** Opens the folder of the runs to read, with no lock; null where no run was ever made. Refuses as `openRepairContext`. */
export function openRuns(path: string): { readonly runs: Folder; readonly home: Pick<Folder, 'dev' | 'ino'> } | null {
  const home = openHome(path);
  try {
    const doctor = openOurs(home, folderName);
    if (!doctor) return null;
    try {
      const runs = openOurs(doctor, runsName, runsPath);
      return runs && { runs, home };
    } finally {
      closeFolder(doctor);
    }
  } finally {
    closeFolder(home);
  }
}

function openHome(path: string): Folder {
  if (!existsSync('/proc/self/fd')) throw new Refusal('platform', { platform: process.platform });
  let home: Folder;
  try {
    home = openFolder(path);
  } catch (error) {
    if (isErrno(error, 'ENOENT')) throw new Refusal('no-home');
    if (isErrno(error, 'ELOOP') || isErrno(error, 'ENOTDIR')) {
      const kind = identify(path)?.kind ?? 'absent';
      throw kind === 'symlink' ? new Refusal('home-symlink') : new Refusal('no-home', { kind });
    }
    if (isErrno(error, 'EACCES')) throw new Refusal('home-shut');
    const { code, facts } = reasonOf(error);
    throw new Refusal(code, facts);
  }
  if (home.uid === process.geteuid?.()) return home;
  closeFolder(home);
  throw new Refusal('foreign-home', { uid: home.uid });
}

function makePlace(home: Folder): void {
  makeFolder(home, folderName);
  for (const name of phaseLocks.gone) makeIfMissing(home, name);
}

function makeOurs(parent: Folder, name: string, path = name): Folder {
  makeFolder(parent, name);
  const folder = openOurs(parent, name, path);
  if (!folder) throw new Refusal('not-private', { path, why: 'replaced' });
  return folder;
}

/** Opens a folder of ours, `path` below the home; null where there is none. Refuses one that others made or can write to. */
export function openOurs(parent: Folder, name: string, path = name): Folder | null {
  let folder: Folder;
  try {
    folder = openFolder(at(parent, name));
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return null;
    if (isErrno(error, 'ELOOP') || isErrno(error, 'ENOTDIR')) throw new Refusal('not-private', { path, why: 'kind' });
    if (isErrno(error, 'EACCES')) throw new Refusal('not-private', { path, why: 'mode' });
    throw error;
  }
  const why =
    (folder.uid !== process.geteuid?.() && 'owner') ||
    // A home may hand its setgid bit down, by which nobody gets in.
    ((folder.mode & ~0o2000) !== 0o700 && 'mode') ||
    (folder.dev !== parent.dev && 'mount');
  if (!why) return folder;
  closeFolder(folder);
  throw new Refusal('not-private', { path, why });
}

function asSecondDoctor(error: unknown): unknown {
  if (!(error instanceof Refusal)) return error;
  const { code, facts } = error.reason;
  if (code === 'lock-held') return new Refusal('second-doctor', { pid: facts.pid ?? null });
  return code === 'cannot-lock' ? error : new Refusal('not-private', { path: `${folderName}/${lockName}`, why: code });
}
