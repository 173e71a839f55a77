import { opendir } from 'node:fs/promises';
import { join } from 'node:path';
import * as v from 'valibot';
import { lockNames, names } from '../../coven/layout.ts';
import { isErrno, kindOf, look, modeOf } from '../files.ts';
import type { Look } from '../look.ts';
import { decimal, flag, kind, list, name, number, time, type ValueOf } from '../shape.ts';

export const schema = () =>
  v.object({
    list: list(
      v.object({
        /** Path below the home, `/` between parts. */
        name,
        kind,
        mode: number,
        uid: number,
        size: number,
        links: number,
        dev: decimal,
        ino: decimal,
        modifiedAt: time,
      }),
    ),
    /** False where the home holds more entries than are looked at. */
    complete: flag,
    /** Entries that are there and could not be examined. */
    unreadable: list(name),
  });
export type Entries = ValueOf<typeof schema>;
export type Entry = Entries['list'][number];

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

export async function take({ home, observe }: Look): Promise<Entries> {
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
