import { type BigIntStats, lstatSync, readdirSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { kindOf } from '../host/files.ts';
import type { Kind } from '../observation.ts';
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

/**
 * Everything below `home` that a backup is of, each after the folder that it is in, in order of name. Enters no other
 * file system. What ends while it is looked at is left out. Throws Refused where something cannot be seen.
 */
export function walk(home: string): readonly Found[] {
  const { dev } = lstatSync(home, { bigint: true });
  const found: Found[] = [];
  const visit = (path: string): void => {
    const at = join(home, path);
    try {
      const stat = lstatSync(at, { bigint: true });
      const kind = stat.dev === dev ? kindOf(stat) : 'mount';
      found.push({ path, stat, kind, target: kind === 'symlink' ? readlinkSync(at) : null });
      if (kind !== 'directory') return;
      for (const name of entriesOf(at)) {
        if (path === '.' && leftOut.includes(name)) continue;
        visit(path === '.' ? name : `${path}/${name}`);
      }
    } catch (error) {
      if (error instanceof Refused) throw error;
      if (path !== '.' && reasonOf(error) === 'ENOENT') return;
      throw new Refused(`${at} cannot be looked at (${reasonOf(error)}), so nothing would be proven; make it readable`);
    }
  };
  visit('.');
  return found;
}

function entriesOf(folder: string): readonly string[] {
  return readdirSync(folder, { encoding: 'buffer' })
    .map((bytes) => {
      const name = bytes.toString('utf8');
      if (Buffer.from(name, 'utf8').equals(bytes)) return name;
      throw new Refused(`${folder} holds a name that is not UTF-8 (${JSON.stringify(name)}); rename or move it`);
    })
    .sort();
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
