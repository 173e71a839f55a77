import { type BigIntStats, lstatSync, opendirSync, readlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { kindOf } from '../host/files.ts';
import type { Kind } from '../model/observation.ts';
import type { Unheld } from './manifest.ts';
import { Refused, reasonOf } from './refused.ts';

/** What is ours, what Coven itself set aside, and what it can download again. */
const leftOut = ['doctor', 'reset-backups', 'engine'];

/**
 * Files and folders of one backup: each takes some 2 KB of memory until the copy of it is proven, and twice a look while
 * Coven's locks are held.
 */
const mostFound = 150_000;

/** Something below the home as it was come upon. */
export interface Found {
  readonly path: string;
  readonly stat: BigIntStats;
  readonly kind: Kind | 'mount';
  /** Of a symlink. */
  readonly target: string | null;
}

export interface Walked {
  readonly found: readonly Found[];
  /** What is there and cannot be seen whole, or be named. */
  readonly unheld: readonly Unheld[];
}

/**
 * Everything below `home` that a backup is of, each after the folder that it is in, in order of name. Enters no other
 * file system. What ends while it is looked at is left out. Throws Refused where the home itself cannot be seen, or holds
 * more than a backup takes.
 */
export function walk(home: string): Walked {
  const { dev } = lstatSync(home, { bigint: true });
  const found: Found[] = [];
  const unheld: Unheld[] = [];
  const visit = (path: string): void => {
    const at = join(home, path);
    try {
      const stat = lstatSync(at, { bigint: true });
      const kind = stat.dev === dev ? kindOf(stat) : 'mount';
      const target = kind === 'symlink' ? readlinkSync(at) : null;
      const entries = kind === 'directory' ? entriesOf(at, mostFound - found.length) : [];
      found.push({ path, stat, kind, target });
      if (!entries || found.length > mostFound) throw tooMany(home, found);
      for (const { name, isUtf8 } of entries) {
        if (path === '.' && leftOut.includes(name)) continue;
        const below = path === '.' ? name : `${path}/${name}`;
        if (isUtf8) visit(below);
        else unheld.push({ path: below, why: 'its name is not UTF-8' });
      }
    } catch (error) {
      if (error instanceof Refused) throw error;
      const code = reasonOf(error);
      if (path === '.')
        throw new Refused(`${at} cannot be looked at (${code}), so nothing would be proven; make it readable`);
      if (code !== 'ENOENT' && code !== 'ENOTDIR') unheld.push({ path, why: code });
    }
  };
  visit('.');
  return { found, unheld };
}

/** Names the folder in which the last of them is: it is looked through when there are too many. */
function tooMany(home: string, found: readonly Found[]): Refused {
  const last = found.at(-1);
  const full = last?.kind === 'directory' ? last.path : dirname(last?.path ?? '.');
  return new Refused(
    `${home} holds more than ${mostFound} files and folders, which is more than a backup takes; many are in ${join(home, full)}: move what is not Coven's to a folder elsewhere`,
  );
}

interface Name {
  /** One that is not UTF-8 is told as near as it can be, and stands for itself alone. */
  readonly name: string;
  readonly isUtf8: boolean;
}

/** Null where there are more than `most`. */
function entriesOf(folder: string, most: number): readonly Name[] | null {
  const names: Name[] = [];
  // Node's types know no names as bytes here; Node does.
  const entries = opendirSync(folder, { encoding: 'buffer' as BufferEncoding, bufferSize: 1024 });
  try {
    for (let entry = entries.readSync(); entry !== null; entry = entries.readSync()) {
      if (names.length === most) return null;
      const bytes = entry.name as unknown as Buffer;
      const name = bytes.toString('utf8');
      names.push({ name, isUtf8: Buffer.from(name, 'utf8').equals(bytes) });
    }
  } finally {
    entries.closeSync();
  }
  return names.sort(({ name: one }, { name: other }) => (one < other ? -1 : one > other ? 1 : 0));
}

/** The parts of a ledger by the name of its main file: its WAL, its shared memory, its rollback journal. */
export const partsOf = (ledger: string): readonly string[] => [
  ledger,
  `${ledger}-wal`,
  `${ledger}-shm`,
  `${ledger}-journal`,
];

/** Ledgers of a home, by the name of the main file, which itself may be missing beside its WAL. */
export function ledgersOf(found: readonly Found[], ledger: string): readonly string[] {
  const names = found
    .map(({ path }) => path.replace(/-(wal|shm|journal)$/, ''))
    .filter((path) => path === ledger || (path.startsWith('afs/') && path.endsWith('.db')));
  const kinds = new Map(found.map(({ path, kind }) => [path, kind]));
  return [...new Set(names)].filter((path) => partsOf(path).every((part) => (kinds.get(part) ?? 'file') === 'file'));
}
