import { randomBytes } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { at, closeFolder, type Folder } from '../../host/folder.ts';
import { makeFolder } from './hand.ts';
import { Refusal } from './refusal.ts';
import { openOurs } from './workshop.ts';

export const quarantineName = 'quarantine';

/** `20261124T221500Z-3f9a2c`. Ids sort in the order of their making, also when the clock was set back in between. */
function newRunId(newest: string | undefined): string {
  const last = newest?.replace(/^(....)(..)(..)T(..)(..)(..)Z.*/, '$1-$2-$3T$4:$5:$6Z');
  const time = new Date(Math.max(Date.now(), last ? Date.parse(last) + 1000 : 0));
  return `${time.toISOString().replace(/[-:]|\.\d+/g, '')}-${randomBytes(3).toString('hex')}`;
}

/** Ids of all runs, newest first; what is no run's name is nobody's run. */
export function runIds(runs: Folder): readonly string[] {
  return readdirSync(at(runs, '.'))
    .filter((name) => /^\d{8}T\d{6}Z-[0-9a-f]{6}$/.test(name))
    .sort()
    .reverse();
}

/** Makes the folder of a new run, with its empty quarantine. */
export function makeRun(runs: Folder): { readonly id: string; readonly folder: Folder } {
  const id = newRunId(runIds(runs)[0]);
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
  const folder = openOurs(runs, id);
  if (!folder) throw new Refusal('no-such-run', { run: id });
  return folder;
}

/** The quarantines of runs, opened when first asked for. */
export function openQuarantines(runs: Folder): { readonly of: (run: string) => Folder; readonly close: () => void } {
  const open = new Map<string, Folder>();
  return {
    of: (run) => {
      const known = open.get(run);
      if (known) return known;
      const folder = openRun(runs, run);
      try {
        const quarantine = openOurs(folder, quarantineName);
        if (!quarantine) throw new Refusal('not-private', { path: `runs/${run}/${quarantineName}`, why: 'absent' });
        open.set(run, quarantine);
        return quarantine;
      } finally {
        closeFolder(folder);
      }
    },
    close: () => {
      for (const folder of open.values()) closeFolder(folder);
    },
  };
}
