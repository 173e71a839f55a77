import * as v from 'valibot';
import { thisMachine } from '../../host/observations/machine.ts';
import { isAllowed, type Plan, type Risk, type Step } from '../../model/step.ts';
import { digestOf } from '../digest.ts';
import { pathsOf } from '../paths.ts';
import { step as stepSchema } from '../schema.ts';
import type { ProvenBackup } from './gate.ts';
import { phaseLocks, takeLocks } from './locks.ts';
import { exitCode, inOrder, perform, type Recheck } from './perform.ts';
import { type Recovered, recoverAll, recoverRuns } from './recover.ts';
import { type Reason, Refusal, reasonOf } from './refusal.ts';
import { openRepairContext, type RepairContext } from './repair-context.ts';
import { openRunFolders } from './run.ts';
import { checkStep, type FixOutcome, type Progress } from './transaction.ts';

export interface ApplyOptions {
  /** Absolute path. */
  readonly home: string;
  readonly allow: ReadonlySet<Risk>;
  /** Makes and proves a backup in the folder that it is given; rejects where it cannot. */
  readonly backup: (folder: string) => Promise<ProvenBackup>;
  readonly recheck: (fixes: readonly string[]) => Promise<readonly Recheck[]>;
  /** Ends the run at the next boundary of a step; its reason is the name of the signal. */
  readonly signal: AbortSignal;
  readonly tell?: (progress: Progress) => void;
}

export interface Applied {
  /** Null where nothing was begun. */
  readonly runId: string | null;
  readonly recovered: readonly Recovered[];
  readonly fixes: readonly FixOutcome[];
  readonly exit: number;
}

/**
 * Applies a plan to a home as one run: recovers unfinished runs, checks, backs up, journals, acts, re-checks, and ends.
 * Each fix of it is done whole, or is not done. Resolves for all that a machine can do, a refusal of the whole included.
 */
export async function applyPlan(plan: Plan, options: ApplyOptions): Promise<Applied> {
  const fixes = [...new Set(plan.steps.map(({ fix }) => fix))];
  const refused = (reason: Reason, recovered: readonly Recovered[] = []): Applied => {
    const outcomes = fixes.map((fix): FixOutcome => ({ fix, outcome: 'refused', reason }));
    return { runId: null, recovered, fixes: outcomes, exit: options.signal.aborted ? exitCode([], options.signal) : 5 };
  };
  let repair: RepairContext;
  try {
    if (plan.steps.length === 0)
      return { runId: null, recovered: await recoverRuns(options.home, options.signal), fixes: [], exit: 0 };
    refuseForeignWords(plan.steps);
    repair = await openRepairContext(options.home);
  } catch (error) {
    return refused(reasonOf(error));
  }
  let recovered: readonly Recovered[] = [];
  try {
    recovered = await recoverAll(repair, options.signal);
    refuseUnfit(plan, repair);
    return { recovered, ...(await applyTo(repair, plan, options)) };
  } catch (error) {
    return refused(reasonOf(error), recovered);
  } finally {
    repair.close();
  }
}

async function applyTo(repair: RepairContext, plan: Plan, options: ApplyOptions): Promise<Omit<Applied, 'recovered'>> {
  const { signal } = options;
  const refusals = await refusalsOf(repair, plan.steps, options);
  const steps = plan.steps.filter(({ fix }) => !refusals.has(fix));
  const refused = [...refusals].map(([fix, reason]): FixOutcome => ({ fix, outcome: 'refused', reason }));
  if (steps.length === 0) return { runId: null, fixes: refused, exit: exitCode(refused, signal) };
  // Only what the run itself ends may hold these locks: who holds them otherwise is told before a backup is made.
  if (steps.some(({ phase }) => phase === 'gone') && !steps.some(({ phase }) => phase === 'alive'))
    (await takeLocks(repair.home, phaseLocks.gone)).release();
  const { digest, tool } = plan;
  const work = {
    steps,
    digest,
    tool,
    undoes: null,
    backup: orRefuse(options.backup, signal),
    recheck: options.recheck,
  };
  const { runId, outcomes } = await perform(repair, { ...work, signal, tell: options.tell ?? (() => undefined) });
  const all = inOrder(plan.steps, [...outcomes, ...refused]);
  return { runId, fixes: all, exit: exitCode(all, signal) };
}

/** Fixes that can be told beforehand not to be done, so that no backup is made for them. */
async function refusalsOf(
  repair: RepairContext,
  steps: readonly Step[],
  { allow, signal }: ApplyOptions,
): Promise<ReadonlyMap<string, Reason>> {
  const refusals = new Map<string, Reason>();
  const seen = new Set<string>();
  const touched = new Set<string>();
  const folders = openRunFolders(repair.runs);
  const context = { home: repair.home, homePath: repair.homePath, run: '', ...folders, signal };
  try {
    for (const step of steps) {
      const unmet = step.requires.find((fix) => refusals.has(fix));
      if (!isAllowed(step, allow)) refusals.set(step.fix, { code: 'risk', facts: { risk: step.risk } });
      else if (unmet) refusals.set(step.fix, { code: 'requires', facts: { fix: unmet } });
      // What later steps of a fix or of a file are checked for, earlier ones may bring about.
      else if (!seen.has(step.fix) && !pathsOf(step.action).some((path) => touched.has(path))) {
        const reason = await checkStep(step, context);
        if (reason) refusals.set(step.fix, reason);
      }
      seen.add(step.fix);
      for (const path of pathsOf(step.action)) touched.add(path);
    }
  } finally {
    folders.close();
  }
  return refusals;
}

/** What a journal could not tell again is not begun. */
function refuseForeignWords(steps: readonly Step[]): void {
  const known = new Set<string>();
  for (const step of steps) {
    if (known.has(step.id) || !v.is(stepSchema, step)) throw new Refusal('vocabulary', { step: step.id });
    known.add(step.id);
  }
}

function refuseUnfit(plan: Plan, { home }: RepairContext): void {
  const { bootId, pidNamespace } = thisMachine();
  if (digestOf(plan) !== plan.digest) throw new Refusal('altered');
  if (plan.home.dev !== home.dev || plan.home.ino !== home.ino) throw new Refusal('other-home');
  if (plan.machine.bootId !== bootId || plan.machine.pidNamespace !== pidNamespace) throw new Refusal('other-boot');
  if (!(Date.now() < Date.parse(plan.expiresAt))) throw new Refusal('expired', { at: plan.expiresAt });
}

/** Whatever a backup fails for, nothing was changed. */
export function orRefuse(backup: ApplyOptions['backup'], signal: AbortSignal): ApplyOptions['backup'] {
  return (folder) =>
    backup(folder).catch((error) => {
      if (signal.aborted) throw new Refusal('interrupted');
      throw new Refusal('backup', { why: error instanceof Error ? error.message : String(error) });
    });
}
