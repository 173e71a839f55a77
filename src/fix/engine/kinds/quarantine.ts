import { identify } from '../../../host/identity.ts';
import { at, differences, inFolderOf, isSame, lookAt, refuseDrift } from '../folder.ts';
import { putBack, setAside } from '../hand.ts';
import { type ActionOf, defineKind, type Task } from '../kind.ts';
import { Refusal } from '../refusal.ts';

/** Its name in the quarantine: no two steps of a run have the same. */
const itemOf = ({ action, step }: Task<ActionOf<'quarantine'>>): string =>
  `${step.id}-${action.path.split('/').at(-1)}`;

/** Moves something out of the home into the quarantine of the run. */
export const quarantine = defineKind({
  kind: 'quarantine',
  check: ({ action: { path, was }, scene }) => {
    // Linux lets nobody but its owner link a socket or a FIFO: it could not be put back.
    const user = process.geteuid?.();
    if (user !== 0 && was.uid !== user) throw new Refusal('foreign-file', { path, uid: was.uid });
    refuseDrift(path, differences(was, lookAt(scene.home, path)));
  },
  apply: (task) => {
    const { action, scene } = task;
    inFolderOf(scene.home, action.path, (folder, name) => {
      refuseDrift(action.path, differences(action.was, identify(at(folder, name))));
      setAside(folder, name, scene.quarantine(scene.run), itemOf(task), action.was);
    });
  },
  standing: (task) => {
    const { action, scene } = task;
    const item = identify(at(scene.quarantine(scene.run), itemOf(task)));
    const there = lookAt(scene.home, action.path);
    if (!item) return { at: 'before' };
    if (!there) return { at: isSame(item, action.was) ? 'after' : 'between' };
    return isSame(item, there) ? { at: 'between' } : { at: 'elsewhere', path: action.path, fields: ['taken'] };
  },
  undo: (task) => {
    const { action, scene } = task;
    inFolderOf(scene.home, action.path, (folder, name) =>
      putBack(scene.quarantine(scene.run), itemOf(task), folder, name),
    );
  },
  inverse: (task) => {
    const { path, was } = task.action;
    return { kind: 'put-back', path, run: task.scene.run, item: itemOf(task), was };
  },
});

/** Moves something out of the quarantine of an earlier run to where it was. */
export const restitution = defineKind({
  kind: 'put-back',
  check: ({ action: { path, run, item, was }, scene }) => {
    refuseDrift(`doctor/runs/${run}/quarantine/${item}`, differences(was, identify(at(scene.quarantine(run), item))));
    if (lookAt(scene.home, path)) throw new Refusal('drift', { path, fields: 'taken' });
  },
  apply: ({ action: { path, run, item }, scene }) =>
    inFolderOf(scene.home, path, (folder, name) => putBack(scene.quarantine(run), item, folder, name)),
  standing: ({ action: { path, run, item, was }, scene }) => {
    const left = identify(at(scene.quarantine(run), item));
    const there = lookAt(scene.home, path);
    if (left) return { at: isSame(left, there) ? 'between' : 'before' };
    return isSame(there, was) ? { at: 'after' } : { at: 'elsewhere', path, fields: differences(was, there) };
  },
  undo: ({ action: { path, run, item, was }, scene }) => {
    const quarantine = scene.quarantine(run);
    inFolderOf(scene.home, path, (folder, name) => {
      // Where a crash left it linked at both, the link in the home goes: renaming one to the other would do nothing.
      if (identify(at(quarantine, item))) putBack(folder, name, quarantine, item);
      else setAside(folder, name, quarantine, item, was);
    });
  },
  inverse: ({ action: { path, was } }) => ({ kind: 'quarantine', path, was }),
});
