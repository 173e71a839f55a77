import { constants } from 'node:fs';
import { access, opendir, realpath, statfs } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { lockNames, names } from '../coven/layout.ts';
import type { Disk, Entries, Entry, Home } from '../observation.ts';
import { isErrno, kindOf, look, modeOf } from './files.ts';
import type { Look } from './look.ts';

/** Entries of a home that are examined whatever else it holds. Source: the layout of Coven 0.4.6. */
const known = [
  ...Object.values(names).filter((name) => !lockNames.some((lock) => lock === name)),
  ...lockNames,
  'repos.toml',
  'familiars.toml',
  'privacy.toml',
  'keys',
  'secrets',
  'mobile',
  'adapters',
  'afs',
  'memory',
  'reset-backups',
  'doctor',
];

/** Folders whose entries are private or are trusted by Coven, examined one level deep. */
const inside = ['keys', 'mobile', 'adapters'];

const otherEntriesExamined = 512;
const entriesExaminedInside = 128;

export async function seeHome({ home, source }: Look): Promise<Home> {
  const stat = await look(home);
  const canonical = stat ? await realpath(home).catch(() => home) : home;
  const may = (mode: number, path = home): Promise<boolean> =>
    access(path, mode).then(
      () => true,
      () => false,
    );
  return {
    path: home,
    source,
    kind: stat ? kindOf(stat) : 'absent',
    // Node decodes an environment that is not UTF-8 with replacement characters.
    utf8: !home.includes('\ufffd'),
    socketPathBytes: Buffer.byteLength(join(canonical, names.socket)),
    mode: stat && modeOf(stat),
    uid: stat && Number(stat.uid),
    dev: stat && String(stat.dev),
    ino: stat && String(stat.ino),
    listable: stat !== null && (await may(constants.R_OK | constants.X_OK)),
    // Coven makes the folders above a home as well; seen on 0.4.6.
    writable: stat ? await may(constants.W_OK) : await may(constants.W_OK | constants.X_OK, `${await above(home)}/.`),
  };
}

export async function seeEntries({ home, observe }: Look): Promise<Entries> {
  if ((await observe('home')).kind !== 'directory') return { list: [], complete: true, unreadable: [] };
  const found = new Map<string, Entry>();
  const unreadable: string[] = [];
  let complete = true;

  const examine = async (name: string): Promise<void> => {
    if (found.has(name)) return;
    try {
      const stat = await look(join(home, name));
      if (!stat) return;
      found.set(name, {
        name,
        kind: kindOf(stat),
        mode: modeOf(stat),
        uid: Number(stat.uid),
        size: Number(stat.size),
        links: Number(stat.nlink),
        dev: String(stat.dev),
        ino: String(stat.ino),
        modifiedAt: new Date(Number(stat.mtimeMs)).toISOString(),
      });
    } catch {
      unreadable.push(name);
    }
  };

  const list = async (folder: string, limit: number): Promise<void> => {
    try {
      const handle = await opendir(join(home, folder));
      let left = limit;
      for await (const entry of handle) {
        if (left-- === 0) {
          complete = false;
          break;
        }
        await examine(folder ? `${folder}/${entry.name}` : entry.name);
      }
    } catch (error) {
      if (!isErrno(error, 'ENOENT') && !isErrno(error, 'ENOTDIR')) unreadable.push(folder || '.');
    }
  };

  await Promise.all(known.map(examine));
  await list('', otherEntriesExamined);
  for (const folder of inside) if (found.get(folder)?.kind === 'directory') await list(folder, entriesExaminedInside);
  return {
    list: [...found.values()].sort((a, b) => (a.name < b.name ? -1 : 1)),
    complete,
    unreadable: unreadable.sort(),
  };
}

/** The nearest thing above a path that there is. */
async function above(path: string): Promise<string> {
  let at = dirname(path);
  while (at !== dirname(at) && !(await look(at))) at = dirname(at);
  return at;
}

/** Space of the file system that holds the home, or would hold it. */
export async function seeDisk({ home, observe }: Look): Promise<Disk> {
  const path = (await observe('home')).kind === 'absent' ? await above(home) : home;
  const fs = await statfs(path, { bigint: true });
  return {
    // What an unprivileged process may use, without the blocks kept for root.
    freeBytes: Number(fs.bavail * fs.bsize),
    totalBytes: Number(fs.blocks * fs.bsize),
    freeInodes: Number(fs.ffree),
    totalInodes: Number(fs.files),
  };
}
