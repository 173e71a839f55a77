import { readdirSync } from 'node:fs';
import { at, closeFolder, type Folder } from '../../host/folder.ts';
import { isRunId, nextRunId } from '../../model/run-id.ts';
import { makeFolder } from './durable.ts';
import type { StepContext } from './kind.ts';
import { Refusal } from './refusal.ts';
import { openOurs } from './repair-context.ts';

export const quarantineName = 'quarantine';
/** What a run makes to be put in the home. It is scratch: once the run is over, it is removed. */
export const stagedName = 'staged';

/** Ids of all runs, newest first; what is no run's name is nobody's run. */
export function runIds(runs: Folder): readonly string[] {
  return readdirSync(at(runs, '.')).filter(isRunId).sort().reverse();
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
