import { lstatSync, realpathSync } from 'node:fs';
import { checks as allChecks } from '../../checks/index.ts';
import { seeIndexes } from '../backup/indexes.ts';
import { Refused } from '../backup/refused.ts';
import type { HomeSource } from '../coven/layout.ts';
import { Refusal } from '../fix/engine/refusal.ts';
import { spareBackups } from '../fix/engine/runs.ts';
import { makePlan } from '../fix/plan.ts';
import { see } from '../host/host.ts';
import { tool } from '../host/package.ts';
import type { Check } from '../model/check.ts';
import { needsIndexes, needsProgress, needsRoom, type PlanInput, planNeeds } from '../model/plan-input.ts';
import type { PlanOptions } from '../model/remedy.ts';
import type { Plan } from '../model/step.ts';
import type { IndexComparison } from '../observation.ts';
import { makeReport, type Report, type Threshold } from '../report.ts';
import { diagnose } from '../run/diagnose.ts';

export interface SurveyOptions extends PlanOptions {
  readonly home: { readonly path: string; readonly source: HomeSource };
  readonly failOn: Threshold;
  readonly deep: boolean;
  /** Seconds. */
  readonly timeout: number;
}

/** What a repair begins and ends with: a diagnosis, and what would be done about it, from one picture of the home. */
export interface Survey {
  readonly report: Report;
  readonly plan: Plan;
}

/** A wedged daemon is watched for ten seconds more. */
const watchSeconds = 20;

export async function survey(
  options: SurveyOptions,
  signal: AbortSignal,
  checks: readonly Check[] = allChecks,
): Promise<Survey> {
  const { home, deep, failOn, timeout } = options;
  const times = { checkMs: timeout * 1000, moreMs: watchSeconds * 1000 };
  return diagnose(checks, { home, deep, startsNext: true, ...times }, signal, async ({ host, runs, run }) => {
    const report = makeReport(runs, failOn, run);
    const found = report.checks.flatMap(({ check, findings }) => findings.map((finding) => ({ check, finding })));
    const codes = found.map(({ check, finding }) => ({ check: check.id, code: finding.code }));
    const input: PlanInput = {
      ...(await see(host, planNeeds)),
      ...(needsProgress(codes) ? await see(host, ['daemon.progress']) : { 'daemon.progress': null }),
      indexes: needsIndexes(codes) ? await indexesOf(home.path, signal) : null,
      oldBackups: needsRoom(codes) ? oldBackups(home.path) : [],
    };
    return { report, plan: makePlan(found, input, options, tool()) };
  });
}

/** Null where they could not be compared: then none is rebuilt. */
function indexesOf(home: string, signal: AbortSignal): Promise<IndexComparison | null> {
  const { dev } = lstatSync(home, { bigint: true });
  return seeIndexes(realpathSync(home), String(dev), signal);
}

/** None where what is in `doctor/` is not ours. */
function oldBackups(home: string): readonly string[] {
  try {
    return spareBackups(home);
  } catch (error) {
    if (error instanceof Refused || error instanceof Refusal) return [];
    throw error;
  }
}
