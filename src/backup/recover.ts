import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Release } from './locks.ts';
import { unfinishedMoves } from './moves.ts';
import { isRunId, removeScratch, scratchNames, stages, whyNotPrivate } from './place.ts';
import { type Recovery, recoverMoves } from './recover-moves.ts';
import { Refused } from './refused.ts';

export interface RecoveredRestore {
  readonly id: string;
  readonly recovery: Recovery;
}

/**
 * Ends every restore of the home that was cut off, under all locks. Throws Refused where a run is not ours or what it put
 * in place, other than a ledger, was changed since.
 */
export function recoverRestores(
  runs: string,
  home: string,
  lock: (home: string) => Release,
): readonly RecoveredRestore[] {
  const cut = readdirSync(runs)
    .filter(isRunId)
    .flatMap((id) => {
      const run = join(runs, id);
      const why = whyNotPrivate(run);
      if (why)
        throw new Refused(`${run} ${why}; make it yours alone (mode 0700), and keep it: it may hold your backups`);
      const moves = unfinishedMoves(run);
      return moves ? [{ id, run, moves }] : [];
    });
  if (cut.length === 0) return [];
  const release = lock(home);
  try {
    return cut.map(({ id, run, moves }) => ({ id, recovery: recoverMoves({ home, run }, moves) }));
  } finally {
    release();
  }
}

/**
 * Removes what runs that were killed left of their scratch: trees that a backup was proven in, and what was staged for
 * a restore that was never begun or is over. The caller holds the doctor's lock, so none of it is in use.
 */
export function removeLeftovers(runs: string): void {
  for (const id of readdirSync(runs).filter(isRunId)) {
    const run = join(runs, id);
    if (whyNotPrivate(run) !== null) continue;
    const isScratch = (name: string): boolean => name.startsWith(stages.proof) || scratchNames.includes(name);
    const left = readdirSync(run).filter(isScratch);
    if (left.length > 0 && unfinishedMoves(run) === null) for (const name of left) removeScratch(join(run, name));
  }
}
