import { realpath } from 'node:fs/promises';
import { dirname } from 'node:path';
import * as v from 'valibot';
import { look as lookAt } from '../files.ts';
import { CannotSee } from '../host.ts';
import type { Look } from '../look.ts';
import { textOfProc } from '../proc-file.ts';
import { flag, maybe, text, type ValueOf } from '../shape.ts';

export const schema = () =>
  v.object({
    type: text,
    readOnly: flag,
    network: flag,
    /** Its content ends with the machine's run. */
    inMemory: flag,
    /** The folder by which a synchronising program is known, or null. */
    syncedBy: maybe(text),
  });
export type Filesystem = ValueOf<typeof schema>;

const network = /^(nfs4?|cifs|smb[23fs]*|9p|virtiofs|afs|ceph|glusterfs|fuse\.(sshfs|s3fs|rclone|glusterfs|cephfs))$/;
const memory = ['tmpfs', 'ramfs'];
/** Folders that a program copies to other machines, file by file, whatever SQLite is doing. */
const synced =
  /^(Dropbox|OneDrive.*|Google ?Drive|GoogleDrive.*|iCloud ?Drive|Mobile Documents|Nextcloud|ownCloud|pCloud.*)$/;

/** The file system that holds the home, or would hold it, from /proc/self/mountinfo. */
export async function take({ home }: Look): Promise<Filesystem> {
  let path = home;
  while (path !== dirname(path) && !(await lookAt(path))) path = dirname(path);
  const canonical = await realpath(path);
  const mounts = readMounts();
  if (mounts === null) throw new CannotSee('no-mountinfo', 'this system does not tell its mounts');
  const mount = mountOf(canonical, mounts);
  return {
    type: mount.type,
    readOnly: mount.options.includes('ro'),
    network: network.test(mount.type),
    inMemory: memory.includes(mount.type),
    syncedBy: canonical.split('/').find((part) => synced.test(part)) ?? null,
  };
}

/** Every mount of this process, or null where the system does not tell them. */
export function readMounts(): readonly Mount[] | null {
  const text = textOfProc('/proc/self/mountinfo', 'utf8');
  return text === null ? null : parseMounts(text);
}

/** Whether `path` lies on a file system of another machine, by its name alone: a look at it could hang. */
export const isRemote = (path: string, mounts: readonly Mount[]): boolean => network.test(mountOf(path, mounts).type);

export function mountOf(path: string, mounts: readonly Mount[]): Mount {
  return mounts
    .filter(({ point }) => point === '/' || path === point || path.startsWith(`${point}/`))
    .reduce((best, next) => (next.point.length >= best.point.length ? next : best), unmounted);
}

export interface Mount {
  readonly point: string;
  readonly type: string;
  readonly options: readonly string[];
}

const unmounted: Mount = { point: '', type: 'unknown', options: [] };

/** `36 35 98:0 / /mnt rw,noatime - ext3 /dev/root rw,errors=continue`, with octal escapes in the mount point. */
function parseMounts(text: string): readonly Mount[] {
  return text.split('\n').flatMap((line) => {
    const [before = '', after = ''] = line.split(' - ');
    const [, , , , point, options] = before.split(' ');
    const [type, , superOptions] = after.split(' ');
    if (point === undefined || type === undefined) return [];
    return {
      point: point.replace(/\\([0-7]{3})/g, (_, code: string) => String.fromCharCode(Number.parseInt(code, 8))),
      type,
      options: `${options ?? ''},${superOptions ?? ''}`.split(','),
    };
  });
}
