import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { names } from '../coven/layout.ts';

/** Runs that are looked through, newest first. */
const runsLookedAt = 100;

/** Whether a repair moved a ledger or its WAL to quarantine: sessions existed, whatever else of them is left. */
export async function keepsLedger(home: string): Promise<boolean> {
  const runs = join(home, 'doctor', 'runs');
  const list = (folder: string): Promise<readonly string[]> => readdir(folder).catch(() => []);
  for (const run of (await list(runs)).toSorted().reverse().slice(0, runsLookedAt)) {
    const items = await list(join(runs, run, 'quarantine'));
    if (items.some((item) => item.endsWith(`-${names.ledger}`) || item.endsWith(`-${names.wal}`))) return true;
  }
  return false;
}
