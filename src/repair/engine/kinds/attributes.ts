import { isSame } from '../../../host/folder.ts';
import type { FileIdentity } from '../../../model/observation.ts';
import { setMode, setOwner } from '../attributes.ts';
import { differences, inFolderOf, lookAt, refuseDrift } from '../folder.ts';
import { type ActionOf, defineKind, type StepState, type Task } from '../kind.ts';
import { Refusal } from '../refusal.ts';

/** Sets the permission bits of one file or folder; `.` is the home. */
export const mode = defineKind({
  kind: 'set-mode',
  check: ({ action: { path, was }, context }) => {
    if (was.kind === 'symlink') throw new Refusal('drift', { path, fields: 'kind' });
    refuseDrift(path, differences(was, lookAt(context.home, path)));
  },
  apply: ({ action, context }) => {
    refuseDrift(action.path, differences(action.was, lookAt(context.home, action.path)));
    changeMode(context, action, action.mode);
  },
  state: ({ action: { path, was, mode }, context }) => {
    const is = lookAt(context.home, path);
    return stepStateOf(path, was, is, is?.mode === mode, is?.mode === was.mode, 'mode');
  },
  undo: ({ action, context }) => changeMode(context, action, action.was.mode),
  isSo: ({ action: { path, was, mode }, context }) => {
    const is = lookAt(context.home, path);
    return isSame(was, is) && is?.mode === mode;
  },
  inverse: ({ action: { path, was, mode } }) => ({
    kind: 'set-mode',
    path,
    mode: was.mode,
    was: { ...withoutContent(was), mode },
  }),
});

/** Sets owner and group of one file or folder. */
export const owner = defineKind({
  kind: 'set-owner',
  check: ({ action: { path, was }, context }) => {
    if (was.kind === 'symlink') throw new Refusal('drift', { path, fields: 'kind' });
    // A change of owner takes these bits off a file, and a crash between it and their return would lose them.
    if (was.kind === 'file' && (was.mode & 0o6000) !== 0) throw new Refusal('foreign-file', { path, uid: was.uid });
    refuseDrift(path, differences(was, lookAt(context.home, path)));
  },
  apply: ({ action, context }) => {
    refuseDrift(action.path, differences(action.was, lookAt(context.home, action.path)));
    changeOwner(context, action, action);
  },
  state: ({ action: { path, was, uid, gid }, context }) => {
    const is = lookAt(context.home, path);
    const belongs = (to: { uid: number; gid: number }): boolean => is?.uid === to.uid && is.gid === to.gid;
    return stepStateOf(path, was, is, belongs({ uid, gid }), belongs(was), 'uid');
  },
  undo: ({ action, context }) => changeOwner(context, action, action.was),
  isSo: ({ action: { path, was, uid, gid }, context }) => {
    const is = lookAt(context.home, path);
    return isSame(was, is) && is?.uid === uid && is.gid === gid;
  },
  inverse: ({ action: { path, was, uid, gid } }) => ({
    kind: 'set-owner',
    path,
    uid: was.uid,
    gid: was.gid,
    was: { ...withoutContent(was), uid, gid },
  }),
});

/** What a file holds may change after its mode was set; the mode can be set back all the same. */
const withoutContent = (was: FileIdentity): FileIdentity => ({ ...was, size: null, mtimeNs: null, sha256: null });

function stepStateOf(
  path: string,
  was: FileIdentity,
  is: FileIdentity | null,
  isAfter: boolean,
  isBefore: boolean,
  field: string,
): StepState {
  if (!isSame(was, is)) return { at: 'elsewhere', path, fields: is ? ['ino'] : ['absent'] };
  if (isAfter) return { at: 'after' };
  return isBefore ? { at: 'before' } : { at: 'elsewhere', path, fields: [field] };
}

function changeMode({ home }: Task['context'], { path, was }: ActionOf<'set-mode'>, mode: number): void {
  inFolderOf(home, path, (folder, name) => setMode(folder, name, mode, was));
}

function changeOwner(
  { home }: Task['context'],
  { path, was }: ActionOf<'set-owner'>,
  { uid, gid }: { readonly uid: number; readonly gid: number },
): void {
  inFolderOf(home, path, (folder, name) => setOwner(folder, name, uid, gid, was));
}
