import { thisMachine } from '../../host/observations/machine.ts';
import type { Action, Step } from '../../model/step.ts';
import { tool } from '../../package.ts';
import { digestOf } from '../digest.ts';
import { pathsOf } from '../paths.ts';
import { exitCode, perform } from './perform.ts';
import { type Recovered, recoverAll } from './recover.ts';
import { type Reason, Refusal, reasonOf } from './refusal.ts';
import { hasRuns, openRepairContext, type RepairContext } from './repair-context.ts';
import { openRunFolders } from './run.ts';
import type { RunState } from './run-state.ts';
import { readRuns, runToUndo } from './runs.ts';
import { checkStep, type FixOutcome, type Progress, taskOf } from './transaction.ts';

export interface UndoOptions {
  /** Absolute path. */
  readonly home: string;
  /** Id of the run; by default the newest one that stands. */
  readonly run: string | undefined;
  readonly signal: AbortSignal;
  readonly tell?: (progress: Progress) => void;
}

export interface Undone {
  /** The run that was, or would have been, taken back. */
  readonly undoes: string | null;
  /** The run that took it back, which can be undone in turn; null where nothing was begun. */
  readonly runId: string | null;
  readonly recovered: readonly Recovered[];
  readonly outcome: 'undone' | Exclude<FixOutcome['outcome'], 'fixed'>;
  /** Why not; for a refusal, everything that changed since. */
  readonly reasons: readonly Reason[];
  /** Steps of it that nobody can take back: what a daemon did, a signal that was sent. */
  readonly left: readonly Step[];
  readonly exit: number;
}

/**
 * Takes back what a run changed, last step first, all or nothing; what others did since is not touched, and where it is
 * in the way, undo refuses and names it. Resolves for all that a machine can do.
 */
export async function undoRun({ home, run, signal, tell = () => undefined }: UndoOptions): Promise<Undone> {
  let known: Pick<Undone, 'undoes' | 'recovered' | 'left'> = { undoes: null, recovered: [], left: [] };
  const refused = (reasons: readonly Reason[]): Undone => ({
    ...known,
    runId: null,
    outcome: 'refused',
    reasons,
    exit: signal.aborted ? exitCode([], signal) : 5,
  });
  let repair: RepairContext;
  try {
    if (!hasRuns(home)) throw new Refusal('nothing-to-undo');
    repair = await openRepairContext(home);
  } catch (error) {
    return refused([reasonOf(error)]);
  }
  try {
    known = { ...known, recovered: await recoverAll(repair, signal) };
    const target = runToUndo(readRuns(repair.runs, repair.home), run);
    const { steps: inverses, left } = inverseOf(target.runState);
    known = { ...known, undoes: target.id, left };
    if (inverses.length === 0) throw new Refusal('not-undoable', { run: target.id });
    const steps = withoutDone(repair, inverses, signal);
    if (steps.length === 0) throw new Refusal('already-so', { run: target.id });
    const changed = await changesSince(repair, steps, signal);
    if (changed.length > 0) return refused(changed);
    const digest = digestOf({ home: repair.home, machine: thisMachine(), steps });
    const work = { steps, digest, tool: tool(), undoes: target.id, backup: null, signal, tell };
    // What an undo promises is that the files are as they were, and each of its steps has looked.
    const recheck = async (fixes: readonly string[]) => fixes.map((fix) => ({ fix, verdict: 'gone' as const }));
    const { runId, outcomes } = await perform(repair, { ...work, recheck });
    const [{ outcome, reason } = { outcome: 'failed' as const, reason: null }] = outcomes;
    return {
      ...known,
      runId,
      outcome: outcome === 'fixed' ? 'undone' : outcome,
      reasons: reason ? [reason] : [],
      exit: exitCode(outcomes, signal),
    };
  } catch (error) {
    return refused([reasonOf(error)]);
  } finally {
    repair.close();
  }
}

/** The inverses of what stands of a run, last first. They are one fix, under the strongest locks that the run took. */
function inverseOf(runState: RunState | null): { readonly steps: readonly Step[]; readonly left: readonly Step[] } {
  const stands = new Set(runState?.stands);
  const stillDone = [...(runState?.steps ?? [])].reverse().filter(({ step }) => stands.has(step.fix));
  const phase = stillDone.some(({ step, done }) => done?.inverse && step.phase === 'gone') ? 'gone' : 'alive';
  const inverses = stillDone.flatMap(({ done }) => done?.inverse ?? []);
  const isLedger = ({ kind }: Action): number => Number(kind === 'swap-ledger');
  // What was put in the home at once is taken back in any order, and others write to the ledger: it comes last.
  const isAtOnce = inverses.every(({ kind }) => kind === 'place' || kind === 'swap-ledger');
  const steps = isAtOnce ? inverses.toSorted((one, other) => isLedger(one) - isLedger(other)) : inverses;
  return {
    steps: steps.map((action, index) => ({
      id: String(index + 1),
      fix: 'undo',
      action,
      phase,
      risk: 'safe',
      undo: 'exact',
      requires: [],
    })),
    left: stillDone.filter(({ done }) => !done?.inverse).map(({ step }) => step),
  };
}

/** Coven mends some of it itself, as a record or a socket that is stale. What another step is about as well is kept. */
function withoutDone(repair: RepairContext, steps: readonly Step[], signal: AbortSignal): readonly Step[] {
  const folders = openRunFolders(repair.runs);
  const context = { home: repair.home, homePath: repair.homePath, run: '', ...folders, signal };
  const all = steps.flatMap(({ action }) => pathsOf(action));
  const isAlone = ({ action }: Step): boolean =>
    pathsOf(action).every((path) => all.filter((other) => other === path).length === 1);
  try {
    return steps.filter((step) => {
      const { kind, task } = taskOf(step, context);
      return !(isAlone(step) && kind.isSo?.(task));
    });
  } finally {
    folders.close();
  }
}

/** A ledger that was written to since: where the one lies that would take its place tells what would be lost. */
const ofLedger = ({ code, facts }: Reason, { run, item }: { run: string; item: string }): Reason => ({
  code,
  facts: { ...facts, run, item },
});

/** Everything that is not as the run left it. What earlier steps of the undo bring about is checked when it is time. */
async function changesSince(
  repair: RepairContext,
  steps: readonly Step[],
  signal: AbortSignal,
): Promise<readonly Reason[]> {
  const folders = openRunFolders(repair.runs);
  const context = { home: repair.home, homePath: repair.homePath, run: '', ...folders, signal };
  const seen = new Set<string>();
  const changed: Reason[] = [];
  try {
    for (const step of steps) {
      const paths = pathsOf(step.action);
      const about = paths.length > 0 ? paths : [step.action.kind];
      const reason = about.some((name) => seen.has(name)) ? null : await checkStep(step, context);
      if (reason) changed.push(step.action.kind === 'swap-ledger' ? ofLedger(reason, step.action) : reason);
      for (const name of about) seen.add(name);
    }
  } finally {
    folders.close();
  }
  return changed;
}
