import { realpathSync } from 'node:fs';
import { checks } from '../../checks/index.ts';
import { outsideOf } from '../backup/place.ts';
import { Unsafe } from '../host/outside.ts';
import { barredSteps, isAllowed, type Plan, type RescueCounts, type Step } from '../model/step.ts';
import {
  renderApplied,
  renderProgress,
  renderRecovered,
  renderRefusal,
  rescuesIn,
  startedDaemon,
} from '../render/fix.ts';
import { notAppliedWords, notRecoveredWords, renderPlan } from '../render/plan.ts';
import { renderOutcome } from '../render/text.ts';
import { digestOf } from '../repair/digest.ts';
import { type Applied, applyPlan } from '../repair/engine/apply.ts';
import { exitCode, inOrder } from '../repair/engine/perform.ts';
import { type Recovered, recoverRuns } from '../repair/engine/recover.ts';
import { type Reason, reasonOf } from '../repair/engine/refusal.ts';
import type { Progress } from '../repair/engine/transaction.ts';
import { consent } from '../terminal/consent.ts';
import { showsSteps } from '../terminal/display.ts';
import { onScreen, print, printError, printScreen } from '../terminal/print.ts';
import { UsageError } from '../terminal/usage.ts';
import type { FixOptions } from './options/repair.ts';
import { recheck } from './repair/recheck.ts';
import { backUp } from './repair/run-backup.ts';
import { type Survey, survey, toldFacts, toldPlan } from './repair/survey.ts';
import { applyRescue, partsOf } from './rescue/by-fix.ts';

const refusedCode = 5;
/** Codes of an interrupted run. */
const cutOff: readonly string[] = ['unfinished', 'changed-since'];

/** `doctor --fix`: diagnoses, shows the plan, asks, applies it as one run, and diagnoses again. Returns the exit code. */
export async function fix(options: FixOptions, signal: AbortSignal): Promise<number> {
  const before = await surveyStill(options, signal);
  const isUnfinished = before.report.checks.some(({ findings }) => findings.some(({ code }) => cutOff.includes(code)));
  return isUnfinished ? recoverFirst(options, before, signal) : fixNow(options, before, signal);
}

const looksAtMost = 3;

/** A home that another doctor is mending is looked at again: what was found there is no longer so. */
async function surveyStill(options: FixOptions, signal: AbortSignal): Promise<Survey> {
  for (let looks = 1; ; looks += 1) {
    const seen = await survey(options, signal, checks, true);
    signal.throwIfAborted();
    if (looks === looksAtMost || !seen.plan.refused.some(({ reason }) => reason === 'mended')) return seen;
  }
}

/** An interrupted run is finished or rolled back before anything is planned, because it may be the cause of the findings. */
async function recoverFirst(options: FixOptions, before: Survey, signal: AbortSignal): Promise<number> {
  const home = options.home.path;
  if (!options.json) await printScreen('A repair was cut off. It is finished or taken back before anything else.\n');
  if (!(await isAgreed(options, 'Do that now?', signal))) {
    if (options.json) return tell(options, before, null, refusedCode);
    await printScreen(notRecoveredWords(againWords(options), options.home));
    return refusedCode;
  }
  let recovered: readonly Recovered[] = [];
  try {
    recovered = await recoverRuns(home, signal);
    if (!options.json) await printScreen(renderRecovered(recovered, home));
  } catch (error) {
    const refused = reasonOf(error);
    printError(renderRefusal(refused, home));
    return options.json ? tell(options, before, null, refusedCode, { recovered, refused }) : refusedCode;
  }
  const after = await surveyStill(options, signal);
  return fixNow(options, after, signal, { recovered, refused: null });
}

/** The outcome of interrupted runs, before anything was planned. */
interface Before {
  readonly recovered: readonly Recovered[];
  /** Why they could not be recovered. */
  readonly refused: Reason | null;
}

const nothingBefore: Before = { recovered: [], refused: null };

async function fixNow(
  options: FixOptions,
  before: Survey,
  signal: AbortSignal,
  cutOff: Before = nothingBefore,
): Promise<number> {
  const { plan, report } = before;
  if (plan.steps.length === 0) return tell(options, before, null, report.exitCode, cutOff);
  // Who is asked sees the plan whatever he asked for.
  if (!options.json && (showsSteps() || !options.yes))
    await printScreen(renderPlan(plan, { home: options.home, allow: options.allow }));
  const barred = barredSteps(plan, options.allow);
  // There is no question if everything is refused. JSON says so for each fix.
  if (!options.json && barred.length === plan.steps.length) return tell(options, before, null, refusedCode, cutOff);
  const rest = barred.map(({ id }) => id).join(', ');
  const question = barred.length === 0 ? 'Apply this plan?' : `Apply this plan without what is not allowed (${rest})?`;
  if (!(await isAgreed(options, question, signal))) return tell(options, before, null, refusedCode, cutOff);
  return apply(plan, options, signal, cutOff);
}

/** Applies a plan that was agreed to, and reports the outcome. */
export async function apply(
  plan: Plan,
  options: FixOptions,
  signal: AbortSignal,
  cutOff: Before = nothingBefore,
): Promise<number> {
  refuseUnsafe(options);
  const done = await applyParts(plan, options, signal);
  const recovered = done.flatMap(({ applied }) => applied.recovered);
  const fixes = inOrder(
    plan.steps,
    done.flatMap(({ applied }) => applied.fixes),
  );
  const runId = done.flatMap(({ applied }) => applied.runId ?? [])[0] ?? null;
  const applied: Applied = { runId, recovered, fixes, exit: exitCode(fixes, signal) };
  // A signal can interrupt the last diagnosis. What was repaired before is reported all the same.
  const after = signal.aborted
    ? null
    : await survey(options, signal).catch((error: unknown) => {
        if (signal.aborted) return null;
        throw error;
      });
  if (after === null || signal.aborted) {
    if (!options.json) await printScreen(renderParts(done, options.home));
    return exitCode(fixes, signal);
  }
  const told = { ...after.told, plan: options.json ? toldPlan(plan, after.told.value) : plan };
  const lost = done.flatMap((part) => rescuesIn(part.applied, part.steps)).map(exitOfCounts);
  const code = applied.exit || worse(after.report.exitCode, ...lost);
  return tell(options, { ...after, plan, told }, { applied, done }, code, cutOff);
}

/** As `rescue` itself ends: who has lost rows is told so by the exit code, too. */
const exitOfCounts = ({ lost, uncertain, doubts }: RescueCounts): number =>
  lost + uncertain > 0 ? 1 : doubts > 0 ? 3 : 0;

/** A finding or a loss counts before what could not be determined. */
const worse = (...codes: readonly number[]): number => (codes.includes(1) ? 1 : codes.includes(3) ? 3 : 0);

/** A run of the engine, and the steps that it was for. */
interface Done {
  readonly applied: Applied;
  readonly steps: readonly Step[];
}

function renderParts(done: readonly Done[], home: FixOptions['home']): string {
  const hasStarted = done.some(({ applied, steps }) => startedDaemon(applied, steps));
  return done.map(({ applied, steps }) => renderApplied(applied, steps, home, hasStarted)).join('');
}

/** A rescue is a run of its own. Steps that do not depend on it come before it; the others only after it succeeded. */
async function applyParts(plan: Plan, options: FixOptions, signal: AbortSignal): Promise<readonly Done[]> {
  const home = options.home.path;
  const say =
    options.json || !showsSteps()
      ? () => undefined
      : (text: string) => void process.stdout.write(onScreen(text, process.stdout));
  const ofSteps = (steps: readonly Step[]) => {
    const part = { ...plan, steps };
    return {
      backup: (run: string) => backUp(options, part, run, signal),
      recheck: (fixes: readonly string[]) => recheck(fixes, plan, options, signal),
      tell: (progress: Progress) => say(renderProgress(progress, home)),
      ...{ home, signal },
    };
  };
  const applySteps = async (steps: readonly Step[]): Promise<readonly Done[]> => {
    if (steps.length === 0) return [];
    const part = { ...plan, steps, digest: digestOf({ ...plan, steps }) };
    return [{ applied: await applyPlan(part, { ...ofSteps(steps), allow: options.allow }), steps }];
  };
  const { before, rescue, after } = partsOf(plan);
  if (!rescue) return applySteps(before);
  const first = await applySteps(before);
  const rescued = await applyRescue(rescue, {
    ...ofSteps([]),
    isAllowed: isAllowed(rescue, options.allow),
    shows: !options.json,
  });
  const isRescued = rescued.fixes.every(({ outcome }) => outcome === 'fixed');
  const reason = { code: 'requires', facts: { fix: rescue.fix } } as const;
  const withheld = [...new Set(after.map(({ fix }) => fix))].map(
    (fix) => ({ fix, outcome: 'refused', reason }) as const,
  );
  const left: Done = { applied: { runId: null, recovered: [], fixes: withheld, exit: 5 }, steps: after };
  const last = isRescued ? await applySteps(after) : withheld.length > 0 ? [left] : [];
  return [...first, { applied: rescued, steps: [rescue] }, ...last];
}

/** Refuses, before anything is done, a backup folder that another user can redirect. */
function refuseUnsafe({ home, backupDir }: FixOptions): void {
  try {
    if (backupDir !== undefined) outsideOf(realpathSync(home.path), backupDir);
  } catch (error) {
    if (error instanceof Unsafe) throw new UsageError(error.message);
    // Other errors are reported by the run, which they prevent.
  }
}

/** Off a terminal, only --yes agrees. */
const isAgreed = async ({ yes, json }: FixOptions, question: string, signal: AbortSignal): Promise<boolean> =>
  yes || (!json && (await consent(question, process.stdout, signal)));

async function tell(
  options: FixOptions,
  { plan, told }: Survey,
  outcome: { readonly applied: Applied; readonly done: readonly Done[] } | null,
  code: number,
  { recovered, refused }: Before = nothingBefore,
): Promise<number> {
  const { tool } = await import('../package.ts');
  if (options.json) {
    const { renderFixJson } = await import('../render/fix-json.ts');
    const reason = <T extends { readonly reason: Reason | null }>(one: T): T => ({
      ...one,
      reason: one.reason && toldReason(one.reason, told.value),
    });
    const applied = outcome?.applied ?? null;
    const runs = [...recovered, ...(applied?.recovered ?? [])].map((run) => ({ ...run, fixes: run.fixes.map(reason) }));
    const recoveryRefused = refused && toldReason(refused, told.value);
    const done = applied && { ...applied, fixes: applied.fixes.map(reason) };
    await print(renderFixJson({ ...told, applied: done, exitCode: code, recovered: runs, recoveryRefused }, tool()));
    return code;
  }
  if (outcome)
    await printScreen(`${renderParts(outcome.done, options.home)}\n${renderOutcome(told.report, options.home)}`);
  else if (plan.steps.length === 0) await printScreen(renderPlan(plan, { home: options.home, allow: options.allow }));
  else
    await printScreen(
      `Nothing was changed.\n${notAppliedWords(plan, options.allow, againWords(options), options.home)}\n`,
    );
  return code;
}

/** The options that give the same plan when they are typed again, without --allow and --yes. */
export const againWords = ({ startStopped, backupDir, deep, failOn }: FixOptions): readonly string[] => [
  ...(startStopped ? ['--start-daemon'] : []),
  ...(backupDir === undefined ? [] : ['--backup-dir', backupDir]),
  ...(deep ? ['--deep'] : []),
  ...(failOn === 'fail' ? [] : ['--fail-on', failOn]),
];

const toldReason = ({ code, facts }: Reason, value: Survey['told']['value']): Reason => ({
  code,
  facts: toldFacts(facts, value),
});
