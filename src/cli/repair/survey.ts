import { lstatSync, realpathSync } from 'node:fs';
import { checks as allChecks } from '../../../checks/index.ts';
import { seeIndexes } from '../../backup/indexes.ts';
import { Refused } from '../../backup/refused.ts';
import type { HomeSource } from '../../coven/layout.ts';
import { mayBeOpen } from '../../coven/ledger-in-use.ts';
import { makeShown, type Shown } from '../../disclosure/shown.ts';
import { see } from '../../host/host.ts';
import type { Check, Facts } from '../../model/check.ts';
import type { IndexComparison } from '../../model/observation.ts';
import {
  needsIndexes,
  needsProgress,
  needsRescue,
  needsRoom,
  type PlanInput,
  planNeeds,
} from '../../model/plan-input.ts';
import type { PlanOptions } from '../../model/remedy.ts';
import type { Plan, Step } from '../../model/step.ts';
import { tool } from '../../package.ts';
import { Refusal } from '../../repair/engine/refusal.ts';
import { spareBackups } from '../../repair/engine/runs.ts';
import { makePlan } from '../../repair/plan.ts';
import { nothingAccepted } from '../../run/accepted.ts';
import { diagnose } from '../../run/diagnose.ts';
import { makeReport, type Report, type Threshold } from '../../run/report.ts';
import { watcher } from '../diagnosis/report-output.ts';
import { foreseeRescue } from '../rescue/foreseen.ts';

export interface SurveyOptions extends PlanOptions {
  readonly home: { readonly path: string; readonly source: HomeSource };
  readonly failOn: Threshold;
  readonly deep: boolean;
  /** Seconds. */
  readonly timeout: number;
  /** The output is JSON. */
  readonly json: boolean;
}

/** A diagnosis and the plan for it, from the same observations. A repair begins and ends with one. */
export interface Survey {
  readonly report: Report;
  readonly plan: Plan;
  /** The same report and plan in the form that may be shown. */
  readonly told: Told;
}

export interface Told {
  readonly report: Report;
  readonly plan: Plan;
  /** Makes another value of the home fit to be shown. */
  readonly value: Shown['value'];
}

/** Additional seconds: a hung daemon is watched for ten seconds. */
const watchSeconds = 20;

export async function survey(
  options: SurveyOptions,
  signal: AbortSignal,
  checks: readonly Check[] = allChecks,
  /** Whether the plan says what a rescue would recover. That needs the whole ledger to be read. */
  foresees = false,
): Promise<Survey> {
  const { home, deep, failOn, timeout } = options;
  const times = { checkMs: timeout * 1000, moreMs: watchSeconds * 1000 };
  const watch = options.json ? null : await watcher(checks, 'text', nothingAccepted);
  const watched = { ...(watch && { onDone: watch.done }), ...(watch?.reading && { onReading: watch.reading }) };
  const asked = { home, deep, startsNext: true, ...times, ...watched };
  const found = diagnose(checks, asked, signal, async ({ host, runs, run }) => {
    await watch?.end();
    const report = makeReport(runs, failOn, run);
    const found = report.checks.flatMap(({ check, findings }) => findings.map((finding) => ({ check, finding })));
    const codes = found.map(({ check, finding }) => ({ check: check.id, code: finding.code }));
    const seen = await see(host, planNeeds);
    const isOpen = mayBeOpen(seen);
    const indexes = needsIndexes(codes) ? await indexesOf(home.path, signal) : null;
    const isRescue = foresees && !isOpen && (needsRescue(found) || (indexes?.lostRows ?? 0) > 0);
    const input: PlanInput = {
      ...seen,
      ...(needsProgress(codes) ? await see(host, ['daemon.progress']) : { 'daemon.progress': null }),
      indexes,
      oldBackups: needsRoom(codes) ? oldBackups(home.path) : [],
      rescue: isRescue ? await foreseeRescue(home.path, !options.json, signal) : null,
    };
    const plan = makePlan(found, input, options, tool());
    const { runs: toldRuns, value } = makeShown(host, checks, options.json ? 'program' : 'operator');
    const told = {
      report: makeReport(await toldRuns(runs), failOn, run),
      plan: options.json ? toldPlan(plan, value) : plan,
      value,
    };
    return { report, plan, told };
  });
  return found.finally(watch?.end);
}

/** Targets of a plan can have any name. On the screen the user agrees to them, so they stay unchanged. */
export const toldPlan = (plan: Plan, value: Shown['value']): Plan => ({
  ...plan,
  // The kind of a step is one of our own words.
  steps: plan.steps.map((step) => ({
    ...step,
    action: { ...value(step.action), kind: step.action.kind } as Step['action'],
  })),
  refused: plan.refused.map((one) => ({ ...one, facts: toldFacts(one.facts, value) })),
  live: value(plan.live),
});

/** Names of checks, causes, risks and fields are ours. */
const oursOfReasons: readonly string[] = ['blockers', 'by', 'fix', 'risk', 'fields', 'left', 'call', 'errno'];

export const toldFacts = (facts: Facts, value: Shown['value']): Facts =>
  Object.fromEntries(
    Object.entries(facts).map(([name, fact]) => [
      name,
      oursOfReasons.includes(name) ? fact : (value({ [name]: fact })[name] ?? null),
    ]),
  );

/** Null if they could not be compared. Then no index is rebuilt. */
function indexesOf(home: string, signal: AbortSignal): Promise<IndexComparison | null> {
  const { dev } = lstatSync(home, { bigint: true });
  return seeIndexes(realpathSync(home), String(dev), signal);
}

/** Empty if `doctor/` does not belong to us. */
function oldBackups(home: string): readonly string[] {
  try {
    return spareBackups(home);
  } catch (error) {
    if (error instanceof Refused || error instanceof Refusal) return [];
    throw error;
  }
}
