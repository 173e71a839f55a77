import { join } from 'node:path';
import { cutOffMoves, isCutOff, ledgersWrittenSince } from '../../backup/old-restore.ts';
import { Refused } from '../../backup/refused.ts';
import { closeFolder, openFolder } from '../../host/folder.ts';
import { readJournal } from './journal.ts';
import { fileKinds } from './kinds/files.ts';
import { openRuns } from './repair-context.ts';
import { openRun, openRunFolders } from './run.ts';
import { runStateOf } from './run-state.ts';

/**
 * A file of a run that was cut off which others changed since, by its name below the home; null where there is none. Takes
 * no lock and changes nothing. Throws a refusal where what is in `doctor/` is not the user's.
 */
export async function changedSince(home: string, run: string): Promise<string | null> {
  const found = openRuns(home);
  if (!found) return null;
  const folderOfHome = openFolder(home);
  const folders = openRunFolders(found.runs);
  try {
    const path = join(home, 'doctor', 'runs', run);
    if (isCutOff(path)) return changedSinceOldRestore(home, path);
    const folder = openRun(found.runs, run);
    try {
      const { steps, stands } = runStateOf(readJournal(folder, run), found.home);
      const { signal } = new AbortController();
      const context = { home: folderOfHome, homePath: home, run, ...folders, signal };
      for (const { step } of steps) {
        const kind = fileKinds.find(({ kind }) => kind === step.action.kind);
        if (stands.includes(step.fix) || !kind) continue;
        const state = await kind.state({ action: step.action, step, context });
        if (state.at === 'elsewhere') return state.path;
      }
      return null;
    } finally {
      closeFolder(folder);
    }
  } finally {
    folders.close();
    closeFolder(folderOfHome);
    closeFolder(found.runs);
  }
}

function changedSinceOldRestore(home: string, run: string): string | null {
  try {
    return ledgersWrittenSince({ home, run }, cutOffMoves(run) ?? [])[0] ?? null;
  } catch (error) {
    // A list of moves that is not ours tells of nothing; whoever recovers it says so.
    if (error instanceof Refused) return null;
    throw error;
  }
}
