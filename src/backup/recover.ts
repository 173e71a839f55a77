import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Release } from './locks.ts';
import { takeBack, unfinishedMoves } from './moves.ts';
import { isRunId, whyNotPrivate } from './place.ts';
import { Refused } from './refused.ts';

/**
 * Takes back every restore of the home that was cut off, under all locks; the runs' ids. Throws Refused where a run is
 * not ours or what it put in place was changed since.
 */
export function recoverRestores(runs: string, home: string, lock: (home: string) => Release): readonly string[] {
  const cut = readdirSync(runs)
    .filter(isRunId)
    .flatMap((id) => {
      const run = join(runs, id);
      const why = whyNotPrivate(run);
      if (why) throw new Refused(`${run} ${why}; move it away`);
      const moves = unfinishedMoves(run);
      return moves ? [{ id, run, moves }] : [];
    });
  if (cut.length === 0) return [];
  const release = lock(home);
  try {
    for (const { run, moves } of cut) takeBack({ home, run }, moves);
  } finally {
    release();
  }
  return cut.map(({ id }) => id);
}
