import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Refused } from '../../../backup/refused.ts';
import { removeBackup } from '../../../backup/retention.ts';
import { type ActionOf, defineKind, type StepState, type Task } from '../kind.ts';
import { Refusal } from '../refusal.ts';
import { spareBackups } from '../runs.ts';

type Removal = Task<ActionOf<'remove-backup'>>;

const pathOf = ({ action: { run }, context }: Removal): string =>
  join(context.homePath, 'doctor', 'runs', run, 'backup');

/** Others may have gone since it was planned: then it may be the last one that is sound. */
function refuseNeeded({ action: { run }, context }: Removal): void {
  try {
    if (spareBackups(context.homePath).includes(run)) return;
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
  }
  throw new Refusal('drift', { path: `doctor/runs/${run}`, fields: 'needed' });
}

/** The only deletion that there is: an old backup of ours, by the name of its run. */
export const removeOldBackup = defineKind({
  kind: 'remove-backup',
  check: (task: Removal) => {
    if (!existsSync(pathOf(task)))
      throw new Refusal('drift', { path: `doctor/runs/${task.action.run}`, fields: 'absent' });
    refuseNeeded(task);
  },
  apply: (task: Removal) => {
    refuseNeeded(task);
    removeBackup(pathOf(task));
  },
  state: (task: Removal): StepState => ({ at: existsSync(pathOf(task)) ? 'before' : 'after' }),
});
