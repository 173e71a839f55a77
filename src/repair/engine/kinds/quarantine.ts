import { ledgerParts, names } from '../../../coven/layout.ts';
import { at, type Folder, isSame } from '../../../host/folder.ts';
import { identify } from '../../../host/identity.ts';
import { putBack, setAside } from '../durable.ts';
import { differences, inFolderOf, lookAt, refuseDrift } from '../folder.ts';
import { type ActionOf, defineKind, type Task } from '../kind.ts';
import { Refusal } from '../refusal.ts';

/** Its name in the quarantine: no two steps of a run have the same. */
const itemOf = ({ action, step }: Task<ActionOf<'quarantine'>>): string =>
  `${step.id}-${action.path.split('/').at(-1)}`;

/**
 * In what the main file is another than the one that a WAL or shared memory lay beside: beside any other, SQLite would
 * read it as a part of that one, and what was written since would be lost. Of anything else there is nothing to compare.
 */
function strangers(home: Folder, { path, beside }: Pick<ActionOf<'quarantine'>, 'path' | 'beside'>): readonly string[] {
  if (!ledgerParts.includes(path)) return [];
  const is = lookAt(home, names.ledger);
  if (!beside) return is ? ['new'] : [];
  // Its mode and owner may be mended by another fix.
  return differences({ ...beside, ...(is && { mode: is.mode, uid: is.uid, gid: is.gid }) }, is);
}

function refuseStrangers(home: Folder, action: Pick<ActionOf<'quarantine'>, 'path' | 'beside'>): void {
  const fields = strangers(home, action);
  if (fields.length > 0) throw new Refusal('ledger-changed', { path: action.path, fields: fields.join(' ') });
}

/** Moves something out of the home into the quarantine of the run. */
export const quarantine = defineKind({
  kind: 'quarantine',
  check: ({ action, context }) => {
    const { path, was } = action;
    // Linux lets nobody but its owner link a socket or a FIFO: it could not be put back.
    const user = process.geteuid?.();
    if (user !== 0 && was.uid !== user) throw new Refusal('foreign-file', { path, uid: was.uid });
    refuseDrift(path, differences(was, lookAt(context.home, path)));
    refuseStrangers(context.home, action);
  },
  apply: (task) => {
    const { action, context } = task;
    refuseStrangers(context.home, action);
    inFolderOf(context.home, action.path, (folder, name) => {
      refuseDrift(action.path, differences(action.was, identify(at(folder, name))));
      setAside(folder, name, context.quarantine(context.run), itemOf(task), action.was);
    });
  },
  state: (task) => {
    const { action, context } = task;
    const item = identify(at(context.quarantine(context.run), itemOf(task)));
    const there = lookAt(context.home, action.path);
    if (!item) return { at: 'before' };
    const fields = strangers(context.home, action);
    if (fields.length > 0) return { at: 'elsewhere', path: names.ledger, fields };
    if (!there) return { at: isSame(item, action.was) ? 'after' : 'between' };
    return isSame(item, there) ? { at: 'between' } : { at: 'elsewhere', path: action.path, fields: ['taken'] };
  },
  undo: (task) => {
    const { action, context } = task;
    refuseStrangers(context.home, action);
    inFolderOf(context.home, action.path, (folder, name) =>
      putBack(context.quarantine(context.run), itemOf(task), folder, name),
    );
  },
  isSo: ({ action, context }) => lookAt(context.home, action.path) === null,
  inverse: (task) => {
    const { path, was, beside } = task.action;
    return { kind: 'put-back', path, run: task.context.run, item: itemOf(task), was, beside };
  },
});

/** Moves something out of the quarantine of an earlier run to where it was. */
export const restitution = defineKind({
  kind: 'put-back',
  check: ({ action, context }) => {
    const { path, run, item, was } = action;
    refuseDrift(`doctor/runs/${run}/quarantine/${item}`, differences(was, identify(at(context.quarantine(run), item))));
    if (lookAt(context.home, path)) throw new Refusal('drift', { path, fields: 'taken' });
    refuseStrangers(context.home, action);
  },
  apply: ({ action, context }) => {
    const { path, run, item } = action;
    refuseStrangers(context.home, action);
    inFolderOf(context.home, path, (folder, name) => putBack(context.quarantine(run), item, folder, name));
  },
  state: ({ action: { path, run, item, was }, context }) => {
    const left = identify(at(context.quarantine(run), item));
    const there = lookAt(context.home, path);
    if (left) return { at: isSame(left, there) ? 'between' : 'before' };
    return isSame(there, was) ? { at: 'after' } : { at: 'elsewhere', path, fields: differences(was, there) };
  },
  undo: ({ action: { path, run, item, was }, context }) => {
    const quarantine = context.quarantine(run);
    inFolderOf(context.home, path, (folder, name) => {
      // Where a crash left it linked at both, the link in the home goes: renaming one to the other would do nothing.
      if (identify(at(quarantine, item))) putBack(folder, name, quarantine, item);
      else setAside(folder, name, quarantine, item, was);
    });
  },
  inverse: ({ action: { path, was, beside } }) => ({ kind: 'quarantine', path, was, beside }),
});
