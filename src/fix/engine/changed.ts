import { join } from 'node:path';
import { unfinishedMoves } from '../../backup/moves.ts';
import { writtenSince } from '../../backup/recover-moves.ts';
import { closeFolder, openFolder } from '../../host/folder.ts';
import type { ActionKind } from '../../model/step.ts';
import { readJournal, tell } from './journal.ts';
import { openQuarantines, openRun } from './run.ts';
import { taskOf } from './transaction.ts';
import { openRuns } from './workshop.ts';

/** Steps that move or change files: how far one is, is read from the files alone. */
const ofFiles: readonly ActionKind[] = [
  'quarantine',
  'put-back',
  'set-mode',
  'set-owner',
  'checkpoint',
  'rebuild-index',
  'rebuild-search',
  'swap-ledger',
];

/**
 * A file of a run that was cut off which others changed since, by its name below the home; null where there is none. Takes
 * no lock and changes nothing. Throws a refusal where what is in `doctor/` is not the user's.
 */
export async function changedSince(home: string, run: string): Promise<string | null> {
  const found = openRuns(home);
  if (!found) return null;
  const folderOfHome = openFolder(home);
  const quarantines = openQuarantines(found.runs);
  try {
    const path = join(home, 'doctor', 'runs', run);
    const moves = unfinishedMoves(path);
    if (moves) return writtenSince({ home, run: path }, moves)[0] ?? null;
    const folder = openRun(found.runs, run);
    try {
      const { steps, stands } = tell(readJournal(folder), found.home);
      const { signal } = new AbortController();
      const scene = { home: folderOfHome, homePath: home, run, quarantine: quarantines.of, signal };
      for (const { step } of steps) {
        if (stands.includes(step.fix) || !ofFiles.includes(step.action.kind)) continue;
        const { kind, task } = taskOf(step, scene);
        const standing = await kind.standing(task);
        if (standing.at === 'elsewhere') return standing.path;
      }
      return null;
    } finally {
      closeFolder(folder);
    }
  } finally {
    quarantines.close();
    closeFolder(folderOfHome);
    closeFolder(found.runs);
  }
}
