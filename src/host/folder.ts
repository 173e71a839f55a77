import { closeSync, constants, fstatSync, openSync } from 'node:fs';

/** An open folder. What is done through it is done there, whatever its path names meanwhile. */
export interface Folder {
  readonly fd: number;
  readonly dev: string;
  readonly ino: string;
  readonly mode: number;
  readonly uid: number;
}

export type FileId = Pick<Folder, 'dev' | 'ino'>;

/** Opens a folder, no symlink. Throws what open(2) says. The caller closes it with `closeFolder`. */
export function openFolder(path: string | Buffer): Folder {
  return folderOf(
    openSync(path, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW | constants.O_NONBLOCK),
  );
}

/** The folder behind a descriptor. */
export function folderOf(fd: number): Folder {
  const { dev, ino, mode, uid } = fstatSync(fd, { bigint: true });
  return { fd, dev: String(dev), ino: String(ino), mode: Number(mode & 0o7777n), uid: Number(uid) };
}

export const closeFolder = ({ fd }: Folder): void => closeSync(fd);

/** The path of an entry of an open folder. Node has no openat(2); on Linux this path is resolved like one. */
export const at = ({ fd }: Folder, name: string): string => `/proc/self/fd/${fd}/${name}`;

export const isSame = (one: FileId | null, other: FileId | null): boolean =>
  one !== null && other !== null && one.dev === other.dev && one.ino === other.ino;
