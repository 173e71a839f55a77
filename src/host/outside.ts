import { constants, lstatSync, openSync, readFileSync, readlinkSync, realpathSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import { closeFolder, entryOf, type FileId, type Folder, folderOf, isSame, type Placed } from './folder.ts';

/** Source: path_resolution(7). */
const linkLimit = 40;

/** A folder outside a home, open by its real path, and who could put another one in its place. */
export interface Outside extends Placed {
  /** It and all folders above it, the root first. */
  readonly chain: readonly FileId[];
  /** Why another user can change what its path leads to, in words; null where none but root can. */
  readonly exposed: string | null;
}

/** Something is not done outside a home, because another user could turn it to something else. One plain line. */
export class Unsafe extends Error {}

/** Source: open(2) of Linux. A folder is passed through that may not be listed. Other systems have no such flag. */
const O_PATH = process.platform === 'linux' ? 0o10000000 : constants.O_RDONLY;

/**
 * Opens the folder that a path leads to now, one folder in the other, as the kernel does, so that what takes the place
 * of one of them meanwhile is not followed. Symlinks are, where nobody else could have put them there; throws Unsafe for
 * another one, and else what the file system says.
 */
export function openOutside(path: string): Outside {
  const open: Placed[] = [{ ...passThrough('/'), path: '/' }];
  const leave = (): void => closeFolder(open.pop() as Placed);
  const here = (): Placed => open.at(-1) as Placed;
  let exposed = whyExposed(here());
  let links = 0;
  try {
    const rest = (isAbsolute(path) ? path : `${process.cwd()}/${path}`).split('/');
    for (let name = rest.shift(); name !== undefined; name = rest.shift()) {
      if (name === '' || name === '.') continue;
      if (name === '..') {
        if (open.length > 1) leave();
        continue;
      }
      const target = linkAt(here(), name, exposed);
      if (target === null) {
        open.push({ ...passThrough(entryOf(here(), name)), path: join(here().path, name) });
        exposed ??= whyExposed(here());
        continue;
      }
      if (++links > linkLimit) throw Object.assign(new Error('too many symlinks'), { code: 'ELOOP' });
      while (isAbsolute(target) && open.length > 1) leave();
      rest.unshift(...target.split('/'));
    }
    const folder = open.pop() as Placed;
    return { ...folder, chain: [...open, folder].map(idOf), exposed };
  } finally {
    for (const folder of open) closeFolder(folder);
  }
}

/** Where a symlink leads; null for what is none. */
function linkAt(folder: Placed, name: string, exposed: string | null): string | null {
  const stat = lstatSync(entryOf(folder, name));
  if (!stat.isSymbolicLink()) return null;
  if (exposed !== null) throw new Unsafe(`${join(folder.path, name)} is a symlink, and ${exposed}`);
  if (!isTrusted(stat.uid)) throw new Unsafe(`${join(folder.path, name)} is a symlink of uid ${stat.uid}`);
  return readlinkSync(entryOf(folder, name));
}

/** Throws Unsafe where the path of an open folder does not lead to it any more. */
export function refuseMoved(folder: Outside): void {
  const now = reopened(folder.path);
  if (!now || !isSame(now, folder)) throw new Unsafe(`${folder.path} was replaced during the run; run again`);
}

function reopened(path: string): FileId | null {
  try {
    const folder = openOutside(path);
    closeFolder(folder);
    return folder;
  } catch {
    return null;
  }
}

/** Whether a folder is the one at `path`, or lies in it. */
export function isBelow({ chain }: Outside, path: string): boolean {
  const there = identityAt(path);
  return chain.some((folder) => isSame(folder, there));
}

/** Device and inode of what is at a path, symlinks followed; null where nothing is. */
function identityAt(path: string): FileId | null {
  try {
    const { dev, ino } = lstatSync(realpathSync(path), { bigint: true });
    return { dev: String(dev), ino: String(ino) };
  } catch {
    return null;
  }
}

const passThrough = (path: string): Folder =>
  folderOf(openSync(path, O_PATH | constants.O_DIRECTORY | constants.O_NOFOLLOW | constants.O_NONBLOCK));

const idOf = ({ dev, ino }: FileId): FileId => ({ dev, ino });

/** Who else can rename or replace an entry of a folder. Its ACL counts: the group's bits are the most that it grants. */
function whyExposed({ uid, gid, mode, path }: Placed): string | null {
  if (!isTrusted(uid)) return `${path} belongs to uid ${uid}`;
  // In a sticky folder an entry is its owner's alone to move.
  if ((mode & 0o1000) !== 0) return null;
  if ((mode & 0o002) !== 0) return `${path} can be written to by everybody`;
  return (mode & 0o020) !== 0 && !isOwnGroup(gid) ? `${path} can be written to by its group (gid ${gid})` : null;
}

const isTrusted = (uid: number): boolean => uid === 0 || uid === process.geteuid?.() || uid === unmappedUid();

/** A user's private group has the number of the user, by the convention of the systems that make one. */
const isOwnGroup = (gid: number): boolean => gid === process.getegid?.() && gid === process.geteuid?.();

let unmapped: number | null | undefined;

/**
 * The number that stands for every user outside of this user namespace, root among them; null in the first namespace,
 * where it is a user as any other. Source: user_namespaces(7).
 */
function unmappedUid(): number | null {
  if (unmapped === undefined) unmapped = readUnmapped();
  return unmapped;
}

function readUnmapped(): number | null {
  try {
    const overflow = Number(readFileSync('/proc/sys/kernel/overflowuid', 'latin1'));
    const ranges = readFileSync('/proc/self/uid_map', 'latin1').trim().split('\n');
    const isMapped = ranges.some((range) => {
      const [first = 0, , count = 0] = range.trim().split(/\s+/).map(Number);
      return overflow >= first && overflow < first + count;
    });
    return isMapped ? null : overflow;
  } catch {
    return null;
  }
}
