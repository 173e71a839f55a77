import { join } from 'node:path';
import { listBackups } from '../../backup/list.ts';
import { isCutOff } from '../../backup/old-restore.ts';
import { removable } from '../../backup/retention.ts';
import { at, closeFolder, type Folder } from '../../host/folder.ts';
import { readJournal } from './journal.ts';
import { type Reason, Refusal, reasonOf } from './refusal.ts';
import { openRuns } from './repair-context.ts';
import { openRun, runIds } from './run.ts';
import { type RunState, runStateOf } from './run-state.ts';

export interface RunInfo {
  readonly id: string;
  /** `empty`: it ended before its first step. `not-ours`: its journal counts for nothing; `why` tells the reason. */
  readonly state: RunState['state'] | 'not-ours';
  /** ISO 8601; null where it never began. */
  readonly at: string | null;
  /** Fixes that stand, or that were begun by a run which is unfinished. */
  readonly fixes: readonly string[];
  readonly backup: string | null;
  readonly undoes: string | null;
  /** The run that took it back, and is not taken back itself. */
  readonly undoneBy: string | null;
  readonly why: Reason | null;
}

/** Every run of a home, newest first. Takes no lock and changes nothing; refuses where `doctor/` is not the user's. */
export function listRuns(home: string): readonly RunInfo[] {
  const found = openRuns(home);
  if (!found) return [];
  try {
    const all = readRuns(found.runs, found.home);
    const undoers = undoersOf(all);
    return all.map(({ id, runState, why, isCutOffRestore }) => ({
      id,
      state: isCutOffRestore ? 'unfinished' : (runState?.state ?? 'not-ours'),
      at: runState?.begin?.at ?? null,
      fixes: isCutOffRestore ? ['backup restore'] : fixesOf(runState),
      backup: runState?.begin?.backup ?? null,
      undoes: runState?.begin?.undoes ?? null,
      undoneBy: undoers.get(id) ?? null,
      why: why ?? runState?.why ?? null,
    }));
  } finally {
    closeFolder(found.runs);
  }
}

const fixesOf = (runState: RunState | null): readonly string[] => [
  ...new Set([
    ...(runState?.stands ?? []),
    ...(runState?.state === 'unfinished' ? runState.steps.map(({ step }) => step.fix) : []),
  ]),
];

/** Backups of runs that were cut off: a recovery by hand may need them. Refuses as `listRuns`. */
export const neededBackups = (home: string): ReadonlySet<string> =>
  new Set(listRuns(home).flatMap(({ state, backup }) => (state === 'unfinished' && backup ? [backup] : [])));

/** Ids of backups that may go for room: never the newest, the newest sound one, the fullest, or one that is needed. */
export const spareBackups = (home: string): readonly string[] =>
  removable(
    listBackups([join(home, 'doctor', 'runs')]),
    { count: 1, bytes: Number.POSITIVE_INFINITY },
    neededBackups(home),
  );

export interface ReadRun {
  readonly id: string;
  /** Null where its journal counts for nothing. */
  readonly runState: RunState | null;
  readonly why: Reason | null;
  /** A restore of version 0.1.0 that was begun and not ended: it has a list of moves instead of a journal. */
  readonly isCutOffRestore: boolean;
}

/** The story of every run, newest first. */
export function readRuns(runs: Folder, home: Pick<Folder, 'dev' | 'ino'>): readonly ReadRun[] {
  return runIds(runs).map((id) => {
    let folder: Folder | null = null;
    try {
      folder = openRun(runs, id);
      const runState = runStateOf(readJournal(folder, id), home);
      return { id, runState, why: null, isCutOffRestore: isCutOff(at(folder, '.')) };
    } catch (error) {
      return { id, runState: null, why: reasonOf(error), isCutOffRestore: false };
    } finally {
      if (folder) closeFolder(folder);
    }
  });
}

/**
 * What took a run back, by the id of that run; nothing that was taken back itself. Only a later run takes one back: whatever
 * journals claim, nothing goes in circles.
 */
function undoersOf(all: readonly ReadRun[]): ReadonlyMap<string, string> {
  const by = new Map<string, string>();
  for (const { id, runState } of all) {
    const undoes = runState?.state === 'committed' ? runState.begin?.undoes : null;
    if (undoes && undoes < id && !by.has(id) && !by.has(undoes)) by.set(undoes, id);
  }
  return by;
}

/** The newest committed run that undid each, whether or not it was taken back itself. */
function lastUndoers(all: readonly ReadRun[]): ReadonlyMap<string, ReadRun> {
  const last = new Map<string, ReadRun>();
  for (const run of all) {
    const undoes = run.runState?.state === 'committed' ? run.runState.begin?.undoes : null;
    if (undoes && undoes < run.id && !last.has(undoes)) last.set(undoes, run);
  }
  return last;
}

/**
 * The run whose inverse takes back what `id` did: itself, or the last one that did it again by undoing an undo. By
 * default the newest run that is no undo and stands. Throws a refusal where there is none, or it is taken back already.
 */
export function runToUndo(all: readonly ReadRun[], id: string | undefined): ReadRun {
  const undoers = undoersOf(all);
  const stands = ({ id, runState }: ReadRun): boolean =>
    runState?.state === 'committed' && runState.isOfHome && !undoers.has(id);
  const asked = all.find((run) => (id === undefined ? stands(run) && !run.runState?.begin?.undoes : run.id === id));
  if (!asked) throw id === undefined ? nothingStands(undoers) : new Refusal('no-such-run', { run: id });
  if (asked.runState?.state !== 'committed')
    throw asked.why ? new Refusal(asked.why.code, asked.why.facts) : new Refusal('not-undoable', { run: asked.id });
  if (!asked.runState.isOfHome) throw new Refusal('other-home', { run: asked.id });
  const by = undoers.get(asked.id);
  if (by) throw new Refusal('already-undone', { run: asked.id, by });
  const last = lastUndoers(all);
  let run = asked;
  for (;;) {
    const undo = last.get(run.id);
    const redo = undo && last.get(undo.id);
    if (!redo) return run;
    run = redo;
  }
}

/** No repair stands: either there was none, or the newest was taken back, which can be taken back in turn. */
function nothingStands(undoers: ReadonlyMap<string, string>): Refusal {
  const [newest] = [...undoers].toSorted(([, one], [, other]) => (one < other ? 1 : -1));
  return newest ? new Refusal('all-undone', { run: newest[0], by: newest[1] }) : new Refusal('nothing-to-undo');
}
