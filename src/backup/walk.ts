import { type BigIntStats, lstatSync, readdirSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { kindOf } from '../host/files.ts';
import type { Kind } from '../model/observation.ts';
import type { Unheld } from './manifest.ts';
import { Refused, reasonOf } from './refused.ts';

/** What is ours, what Coven itself set aside, and what it can download again. */
const leftOut = ['doctor', 'reset-backups', 'engine'];

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
 * file system. What ends while it is looked at is left out. Throws Refused where the home itself cannot be seen.
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
      const entries = kind === 'directory' ? entriesOf(at) : [];
      found.push({ path, stat, kind, target });
      for (const { name, isUtf8 } of entries) {
        if (path === '.' && leftOut.includes(name)) continue;
        const below = path === '.' ? name : `${path}/${name}`;
        if (isUtf8) visit(below);
        else unheld.push({ path: below, why: 'its name is not UTF-8' });
      }
    } catch (error) {
      const code = reasonOf(error);
      if (path === '.')
        throw new Refused(`${at} cannot be looked at (${code}), so nothing would be proven; make it readable`);
      if (code !== 'ENOENT' && code !== 'ENOTDIR') unheld.push({ path, why: code });
    }
  };
  visit('.');
  return { found, unheld };
}

/** A name that is not UTF-8 is told as near as it can be, and stands for itself alone. */
function entriesOf(folder: string): readonly { readonly name: string; readonly isUtf8: boolean }[] {
  return readdirSync(folder, { encoding: 'buffer' })
    .map((bytes) => {
      const name = bytes.toString('utf8');
      return { name, isUtf8: Buffer.from(name, 'utf8').equals(bytes) };
    })
    .sort(({ name: one }, { name: other }) => (one < other ? -1 : one > other ? 1 : 0));
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
