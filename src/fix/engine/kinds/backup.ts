import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { removeBackup } from '../../../backup/retention.ts';
import { type ActionOf, defineKind, type Standing, type Task } from '../kind.ts';
import { Refusal } from '../refusal.ts';

type Removal = Task<ActionOf<'remove-backup'>>;

const pathOf = ({ action: { run }, scene }: Removal): string => join(scene.homePath, 'doctor', 'runs', run, 'backup');

/** The only deletion that there is: an old backup of ours, by the name of its run. */
export const removeOldBackup = defineKind({
  kind: 'remove-backup',
  check: (task: Removal) => {
    if (!existsSync(pathOf(task)))
      throw new Refusal('drift', { path: `doctor/runs/${task.action.run}`, fields: 'absent' });
  },
  apply: (task: Removal) => removeBackup(pathOf(task)),
  standing: (task: Removal): Standing => ({ at: existsSync(pathOf(task)) ? 'before' : 'after' }),
});
