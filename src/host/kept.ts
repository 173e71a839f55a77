import { join } from 'node:path';
import { names } from '../coven/layout.ts';
import { CannotSee } from './host.ts';
import { lastNames, type Names } from './names.ts';

/** Runs that are looked through, newest first. */
const runsLookedAt = 100;

const none: Names = { names: [], count: 0, complete: true };

/**
 * Whether a repair moved a ledger or its WAL to quarantine: sessions existed, whatever else of them is left. Throws
 * CannotSee where a folder holds too many entries to tell.
 */
export async function keepsLedger(home: string): Promise<boolean> {
  const runs = join(home, 'doctor', 'runs');
  const list = (folder: string, keep: number, isWanted: (name: string) => boolean): Promise<Names> =>
    lastNames(folder, keep, isWanted).catch(() => none);
  const found = await list(runs, runsLookedAt, () => true);
  let complete = found.complete;
  for (const run of found.names.toReversed()) {
    const items = await list(join(runs, run, 'quarantine'), 1, isLedger);
    if (items.count > 0) return true;
    complete &&= items.complete;
  }
  if (!complete) throw new CannotSee('too-many-entries', 'doctor/runs holds too many entries to look through');
  return false;
}

const isLedger = (item: string): boolean => item.endsWith(`-${names.ledger}`) || item.endsWith(`-${names.wal}`);
