import { join } from 'node:path';
import { isCutOff } from '../../backup/old-restore.ts';
import { isScratch, removeScratch } from '../../backup/place.ts';
import { Refused } from '../../backup/refused.ts';
import { at, closeFolder } from '../../host/folder.ts';
import { namesWithin } from '../../host/names.ts';
import { readJournal } from './journal.ts';
import { Refusal } from './refusal.ts';
import type { RepairContext } from './repair-context.ts';
import { openRun, runIds } from './run.ts';
import { runStateOf } from './run-state.ts';

/** Of one run, which makes a few. */
const mostScratch = 100;

/**
 * Removes the scratch of runs that are over, also of those that were killed before they began: what was staged for the
 * home and did not come there, and trees that a backup was proven in. The doctor's lock is held, so none of it is in use.
 */
export function sweep({ homePath, home, runs }: RepairContext): void {
  for (const id of runIds(runs)) {
    try {
      const folder = openRun(runs, id);
      try {
        const left = namesWithin(at(folder, '.'), mostScratch, isScratch) ?? [];
        if (left.length === 0) continue;
        // What was cut off may need it to be taken back.
        if (runStateOf(readJournal(folder, id), home).state === 'unfinished' || isCutOff(at(folder, '.'))) continue;
        for (const name of left) discard(join(homePath, 'doctor', 'runs', id, name));
      } finally {
        closeFolder(folder);
      }
    } catch (error) {
      // What is not ours, or cannot be read, stays as it is.
      if (!(error instanceof Refusal) && !(error instanceof Error && 'syscall' in error)) throw error;
    }
  }
}

/** Removes scratch of ours; what cannot be removed is left to the next run, and is in nobody's way. */
export function discard(path: string): void {
  try {
    removeScratch(path);
  } catch (error) {
    if (!(error instanceof Refused) && !(error instanceof Error && 'syscall' in error)) throw error;
  }
}
