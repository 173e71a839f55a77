import { renameSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { names } from '../coven/layout.ts';
import type { Listed } from './list.ts';
import type { Manifest } from './manifest.ts';
import { removeScratch, stages } from './place.ts';
import { sync } from './sync.ts';

export interface Keep {
  /** Backups that are kept, the newest ones. */
  readonly count: number;
  /** Bytes that all that are kept may take. */
  readonly bytes: number;
}

type Whole = Extract<Listed, { state: 'whole' }>;

/**
 * Ids of whole backups that may go, oldest first: those beyond `keep`, but never the newest sound one, the one with the
 * most rows, or one that is `needed`, by a run that can be undone or was not finished. Interrupted ones, which are no
 * backups, go with their runs. What may go is only offered; somebody names it.
 */
export function removable(backups: readonly Listed[], keep: Keep, needed: ReadonlySet<string>): readonly string[] {
  const newestFirst = backups.filter((backup): backup is Whole => backup.state === 'whole').reverse();
  const sound = newestFirst.find(({ manifest }) => isSound(manifest));
  const most = newestFirst.reduce<Whole | undefined>(
    (best, next) => (!best || rowsOf(next.manifest) > rowsOf(best.manifest) ? next : best),
    undefined,
  );
  let bytes = 0;
  let count = 0;
  const gone: string[] = [];
  for (const backup of newestFirst) {
    bytes += backup.manifest.bytes;
    count += 1;
    if (backup === sound || backup === most || needed.has(backup.id)) continue;
    if (count <= keep.count && bytes <= keep.bytes) continue;
    bytes -= backup.manifest.bytes;
    count -= 1;
    gone.push(backup.id);
  }
  return gone.reverse();
}

/** Whether every ledger of a backup passed SQLite's check and was read whole. */
export const isSound = ({ ledgers }: Manifest): boolean => ledgers.every(({ sound }) => sound);

/** Sessions and events of the home's ledger. */
export function rowsOf({ ledgers }: Manifest): number {
  const content = ledgers.find(({ path }) => path === names.ledger)?.content;
  return (content?.tables ?? [])
    .filter(({ name }) => name === 'sessions' || name === 'events')
    .reduce((sum, { rows }) => sum + (rows ?? 0), 0);
}

/**
 * Removes one whole or interrupted backup, the only thing that is ever deleted. Renamed first, so that one that is half
 * gone is no backup any more.
 */
export function removeBackup(path: string): void {
  const run = dirname(path);
  const going = join(run, stages.partial);
  if (path !== going) {
    removeScratch(going);
    renameSync(path, going);
    sync(run);
  }
  removeScratch(going);
  sync(run);
}
