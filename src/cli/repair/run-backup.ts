import { existsSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { createBackup } from '../../backup/create.ts';
import { bytesWithin } from '../../backup/growth.ts';
import type { Manifest } from '../../backup/manifest.ts';
import { beginRun, outsideOf, removeScratch, stages } from '../../backup/place.ts';
import { revalidate } from '../../backup/revalidate.ts';
import { names } from '../../coven/layout.ts';
import { lookNow } from '../../host/files.ts';
import type { Plan, Step } from '../../model/step.ts';
import type { ProvenBackup } from '../../repair/engine/gate.ts';
import { makeMends } from '../../repair/engine/mend.ts';
import type { Reason } from '../../repair/engine/refusal.ts';
import { pathsOf } from '../../repair/paths.ts';
import { longWork } from '../../terminal/display.ts';

/** Shows the progress of a backup. */
export function backupWork(into: string, isForProgram: boolean) {
  const work = longWork(isForProgram);
  return {
    tell: (doing: 'copying' | 'proving', of: number): void =>
      doing === 'copying'
        ? work.begin({ title: 'Copying the home', unit: 'bytes', of }, () => bytesWithin(join(into, stages.partial)))
        : work.begin({ title: 'Proving the backup', unit: 'bytes', of }, () => bytesWithin(join(into, stages.proof))),
    end: work.end,
  };
}

/**
 * Backs up the home for a run, in the folder of the run, and prepares the files that its steps need. A run that ended a
 * daemon makes a second backup, in a folder of its own.
 */
export async function backUp(
  {
    home: { path: home },
    backupDir,
    json,
  }: {
    readonly home: { readonly path: string };
    readonly backupDir: string | undefined;
    readonly json: boolean;
  },
  plan: Plan,
  run: string,
  signal: AbortSignal,
): Promise<ProvenBackup> {
  const place = backupDir === undefined ? dirname(run) : outsideOf(realpathSync(home), backupDir);
  const into = place !== dirname(run) || existsSync(join(run, 'backup')) ? beginRun(place) : run;
  const work = backupWork(into, json);
  const making = createBackup({ home, into, signal, tell: work.tell }).finally(work.end);
  const { id, path, manifest, proof } = await making.catch((error: unknown) => {
    // The run itself removes its own folder.
    if (into !== run) removeScratch(into);
    throw error;
  });
  const { judgement } = proof;
  const isDamaged = judgement !== null && judgement.damage.length > 0;
  const made = isDamaged ? new Map() : await makeMends(plan.steps, join(path, 'files', names.ledger), run, signal);
  const unmade = new Map([...made, ...unheldSteps(plan.steps, manifest)]);
  return {
    id,
    judgement,
    unmade,
    revalidate: async () => {
      // Added files are not lost, grown files still contain the old bytes, and the journal has modes and owners.
      const { changed = [], removed = [] } = revalidate(manifest, home) ?? {};
      return [...changed.filter((name) => hasOtherContent(manifest, home, name)), ...removed][0] ?? null;
    },
  };
}

function hasOtherContent({ entries, ledgers }: Manifest, home: string, name: string): boolean {
  const was = entries.find(({ path }) => path === name);
  const now = lookNow(join(home, name));
  if (!was || !now || ledgers.some(({ path }) => path === name)) return true;
  const isSameFile = was.dev === String(now.dev) && was.ino === String(now.ino);
  return !isSameFile || (was.kind === 'file' && was.mtimeNs !== String(now.mtimeNs));
}

/** Steps on files that the backup does not contain. A change of mode or owner of a folder does not touch its files. */
function unheldSteps(steps: readonly Step[], { unheld = [] }: Manifest): ReadonlyMap<string, Reason> {
  const held = steps.flatMap(({ id, action }): readonly (readonly [string, Reason])[] => {
    const isMoved = action.kind !== 'set-mode' && action.kind !== 'set-owner';
    const found = unheld.find(({ path: not }) =>
      pathsOf(action).some((path) => not === path || (isMoved && not.startsWith(`${path}/`))),
    );
    return found ? [[id, { code: 'not-backed-up', facts: { path: found.path, why: found.why } }]] : [];
  });
  return new Map(held);
}
