import { at, type Folder, isSame } from '../../../host/folder.ts';
import { identify } from '../../../host/identity.ts';
import type { FileIdentity } from '../../../model/observation.ts';
import { setMode } from '../attributes.ts';
import { dropName, exchange, putBack, setAside } from '../durable.ts';
import { differences, inFolderOf, lookAt, refuseDrift } from '../folder.ts';
import { type ActionOf, defineKind, type StepState, sourceName, sourceOf, type Task } from '../kind.ts';
import { Refusal } from '../refusal.ts';

type Placing = Task<ActionOf<'place'>>;

/** What stood there, in the quarantine of the run that moved it away. */
const keptName = ({ action, step }: Placing): string => `${step.id}-${action.path.split('/').at(-1)}`;
/** A folder that was put there and is taken back: what was made in it since is in it, so that it is no scratch. */
const putName = (task: Placing): string => `${keptName(task)}-put`;

const isFolder = (file: FileIdentity | null): boolean => file?.kind === 'directory';

/** Two files change places without a moment in which there is none; no call does that with a folder. */
const isOver = ({ was, is }: ActionOf<'place'>): boolean =>
  was !== null && is !== null && !isFolder(was) && !isFolder(is);

interface Seen {
  readonly there: FileIdentity | null;
  readonly kept: FileIdentity | null;
  readonly source: FileIdentity | null;
  readonly put: FileIdentity | null;
}

function see(task: Placing): Seen {
  const { action, context } = task;
  const quarantine = context.quarantine(context.run);
  return {
    there: lookAt(context.home, action.path),
    kept: identify(at(quarantine, keptName(task))),
    put: identify(at(quarantine, putName(task))),
    source: action.is && identify(at(sourceOf(context, action.run), action.item)),
  };
}

function check({ action, context }: Placing): void {
  const { path, was, is, run, item } = action;
  const user = process.geteuid?.();
  // Linux lets nobody but its owner link another's file: it could not be put back.
  if (was && !isFolder(was) && user !== 0 && was.uid !== user)
    throw new Refusal('foreign-file', { path, uid: was.uid });
  const cut = path.lastIndexOf('/');
  if (cut > 0 && !isFolder(lookAt(context.home, path.slice(0, cut))))
    throw new Refusal('drift', { path: path.slice(0, cut), fields: 'kind' });
  const there = lookAt(context.home, path);
  if (!was && there) throw new Refusal('drift', { path, fields: 'taken' });
  if (was) refuseDrift(path, differences(was, there));
  if (is)
    refuseDrift(
      `doctor/runs/${run}/${sourceName(context, run)}/${item}`,
      differences(is, identify(at(sourceOf(context, run), item))),
    );
}

function stepStateOf(task: Placing): StepState {
  const { path, was, is } = task.action;
  const { there, kept, source, put } = see(task);
  if (!kept && (!is || source || put)) {
    // Nothing was done, or all of it was taken back, but for the mode of a folder or a second name.
    const isHalf = (source !== null && isSame(source, there)) || isOtherMode(was, there) || isOtherMode(is, source);
    return { at: isHalf ? 'between' : 'before' };
  }
  const isThere = is ? isSame(is, there) : there === null;
  const isClean = source === null && !isOtherMode(was, kept) && !isOtherMode(is, there);
  const changed = is && there && isThere && !isFolder(is) ? differences(is, there).filter(isContent) : [];
  if (changed.length > 0) return { at: 'elsewhere', path, fields: changed, done: true };
  if (isThere && (!was || kept)) return { at: isClean ? 'after' : 'between' };
  if (there === null) return kept ? { at: 'between' } : { at: 'elsewhere', path, fields: ['absent'] };
  // What was there got a second name, and no more was done.
  if (isSame(kept, there)) return { at: 'between' };
  return { at: 'elsewhere', path, fields: ['taken'] };
}

/** Who may read it does not make it another file. */
const isContent = (field: string): boolean => !['mode', 'uid', 'gid'].includes(field);

/** A folder that its own mode closes is open while it is moved: a crash may leave it so. */
const isOtherMode = (was: FileIdentity | null, is: FileIdentity | null): boolean =>
  isFolder(was) && isSame(was, is) && was?.mode !== is?.mode;

/** Moves an entry to where nothing is. The `..` of a folder changes with that, which needs the right to write in it. */
function move(from: Folder, name: string, to: Folder, as: string, was: FileIdentity, back: boolean): void {
  const isClosed = isFolder(was) && (was.mode & 0o700) !== 0o700;
  const open = isClosed ? { ...was, mode: was.mode | 0o700 } : was;
  if (isClosed) setMode(from, name, open.mode, was);
  if (back) putBack(from, name, to, as);
  else setAside(from, name, to, as, open);
  if (isClosed) setMode(to, as, was.mode, was);
}

const setModeBack = (folder: Folder, name: string, was: FileIdentity | null): void => {
  if (was && isOtherMode(was, identify(at(folder, name)))) setMode(folder, name, was.mode, was);
};

/** Puts what a run staged, or an earlier one moved away, in its place, whatever kind either is. */
export const place = defineKind({
  kind: 'place',
  check,
  apply: (task: Placing) => {
    const { action, context } = task;
    check(task);
    const { was, is, run, item, path } = action;
    const quarantine = context.quarantine(context.run);
    inFolderOf(context.home, path, (folder, name) => {
      if (is && isOver(action)) return exchange(sourceOf(context, run), item, folder, name, quarantine, keptName(task));
      if (was) move(folder, name, quarantine, keptName(task), was, false);
      if (is) move(sourceOf(context, run), item, folder, name, is, true);
    });
  },
  state: stepStateOf,
  undo: (task: Placing) => {
    const { action, context } = task;
    const { was, is, run, item, path } = action;
    const quarantine = context.quarantine(context.run);
    const kept = keptName(task);
    inFolderOf(context.home, path, (folder, name) => {
      const { kept: old, there } = see(task);
      if (is && isSame(is, there)) {
        const source = sourceOf(context, run);
        if (isOver(action)) return old ? exchange(quarantine, kept, folder, name, source, item) : undefined;
        if (isFolder(is)) move(folder, name, quarantine, putName(task), is, false);
        // A crash may have left it with both names: then the one in the home goes.
        else putBack(folder, name, source, item);
      } else if (old && isSame(old, there)) dropName(quarantine, kept, folder, name);
      if (was && identify(at(quarantine, kept))) move(quarantine, kept, folder, name, was, true);
      setModeBack(folder, name, was);
      if (is && identify(at(sourceOf(context, run), item))) setModeBack(sourceOf(context, run), item, is);
    });
  },
  leave: (task: Placing) => {
    const { path } = task.action;
    inFolderOf(task.context.home, path, (folder, name) =>
      dropName(task.context.quarantine(task.context.run), keptName(task), folder, name),
    );
  },
  inverse: (task: Placing) => {
    const { action, context } = task;
    return { ...action, run: context.run, item: keptName(task), was: action.is, is: action.was };
  },
});
