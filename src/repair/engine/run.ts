import { lstatSync } from 'node:fs';
import { at, closeFolder, type Folder } from '../../host/folder.ts';
import { namesWithin } from '../../host/names.ts';
import { isRunId, mostRuns, nextRunId } from '../../model/run-id.ts';
import { makeFolder } from './durable.ts';
import { journalName } from './journal.ts';
import type { StepContext } from './kind.ts';
import { Refusal } from './refusal.ts';
import { openOurs } from './repair-context.ts';

export const quarantineName = 'quarantine';
/** What a run makes to be put in the home. It is scratch: once the run is over, it is removed. */
export const stagedName = 'staged';

/** Of all journals together: a repair writes some ten thousand, and every one of them is read. */
const journalsLimit = 64 * 1024 ** 2;

/**
 * Ids of all runs, newest first; what is no run's name is nobody's run. Throws a refusal where they are more than anybody
 * made, or longer: one of them could be unfinished, and is not looked for.
 */
export function runIds(runs: Folder): readonly string[] {
  const ids = namesWithin(at(runs, '.'), mostRuns, isRunId);
  if (!ids) throw new Refusal('too-many-runs', { most: mostRuns });
  const bytes = ids.reduce((sum, id) => sum + journalSize(runs, id), 0);
  if (bytes > journalsLimit) throw new Refusal('too-many-runs', { most: mostRuns });
  return [...ids].sort().reverse();
}

/** A symlink in the place of a run leads nowhere that is looked at. */
function journalSize(runs: Folder, id: string): number {
  const sizeOf = (path: string, isWanted: 'isDirectory' | 'isFile'): number => {
    const stat = lstatSync(at(runs, path), { throwIfNoEntry: false });
    return stat?.[isWanted]() ? stat.size : -1;
  };
  try {
    return sizeOf(id, 'isDirectory') < 0 ? 0 : Math.max(0, sizeOf(`${id}/${journalName}`, 'isFile'));
  } catch {
    // Whoever reads it says why it cannot be read.
    return 0;
  }
}

export interface Run {
  readonly id: string;
  readonly folder: Folder;
}

/** Makes the folder of a new run, with its empty quarantine. */
export function makeRun(runs: Folder): Run {
  const id = nextRunId(runIds(runs), new Date());
  makeFolder(runs, id);
  const folder = openRun(runs, id);
  try {
    makeFolder(folder, quarantineName);
    return { id, folder };
  } catch (error) {
    closeFolder(folder);
    throw error;
  }
}

/** Opens the folder of a run. Throws a refusal where there is none, or it is not ours. */
export function openRun(runs: Folder, id: string): Folder {
  const folder = openOurs(runs, id, `doctor/runs/${id}`);
  if (!folder) throw new Refusal('no-such-run', { run: id });
  return folder;
}

/** Folders of runs, opened when first asked for. */
export interface RunFolders extends Pick<StepContext, 'quarantine' | 'staged'> {
  readonly close: () => void;
}

export function openRunFolders(runs: Folder): RunFolders {
  const open = new Map<string, Folder>();
  const folderOf = (name: string) => (run: string) => {
    const known = open.get(`${run}/${name}`);
    if (known) return known;
    const folder = openRun(runs, run);
    try {
      const found = openOurs(folder, name, `doctor/runs/${run}/${name}`);
      if (!found) throw new Refusal('not-private', { path: `doctor/runs/${run}/${name}`, why: 'absent' });
      open.set(`${run}/${name}`, found);
      return found;
    } finally {
      closeFolder(folder);
    }
  };
  return {
    quarantine: folderOf(quarantineName),
    staged: folderOf(stagedName),
    close: () => {
      for (const folder of open.values()) closeFolder(folder);
    },
  };
}
