import { randomUUID } from 'node:crypto';
import { lstatSync, realpathSync } from 'node:fs';
import { checks as allChecks } from '../../checks/index.ts';
import { advise } from '../advise.ts';
import { seeIndexes } from '../backup/indexes.ts';
import { Refused } from '../backup/refused.ts';
import type { HomeSource } from '../coven/layout.ts';
import { deadline } from '../deadline.ts';
import { Refusal } from '../fix/engine/refusal.ts';
import { spareBackups } from '../fix/engine/runs.ts';
import { makePlan } from '../fix/plan.ts';
import { liveHost } from '../host/live.ts';
import { tool } from '../host/package.ts';
import type { Check } from '../model/check.ts';
import { needsIndexes, needsProgress, needsRoom, type PlanInput, planNeeds } from '../model/plan-input.ts';
import type { PlanOptions } from '../model/remedy.ts';
import type { Plan } from '../model/step.ts';
import type { IndexComparison } from '../observation.ts';
import { makeReport, type Report, type Threshold } from '../report.ts';
import { runChecks } from '../runner.ts';

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
  const deadlineMs = (timeout + watchSeconds) * 1000;
  const limit = deadline(deadlineMs, signal);
  const startedAt = new Date();
  const host = liveHost({
    home: home.path,
    source: home.source,
    env: process.env,
    deep,
    startsNext: true,
    deadlineMs,
    checkMs: timeout * 1000,
    signal: limit.signal,
  });
  try {
    const runs = await runChecks(checks, host, { checkMs: timeout * 1000, signal: limit.signal });
    const report = makeReport(await advise(runs, host), failOn, {
      runId: randomUUID(),
      startedAt: startedAt.toISOString(),
      durationMs: Date.now() - startedAt.getTime(),
      home: home.path,
    });
    const found = report.checks.flatMap(({ check, findings }) => findings.map((finding) => ({ check, finding })));
    const codes = found.map(({ check, finding }) => ({ check: check.id, code: finding.code }));
    const watch = needsProgress(codes);
    const looks = await Promise.all(
      [...planNeeds, ...(watch ? (['daemon.progress'] as const) : [])].map((key) => host.observe(key)),
    );
    const indexes = needsIndexes(codes) ? await indexesOf(home.path, signal) : null;
    const sight = Object.fromEntries([
      ['daemon.progress', null],
      ['indexes', indexes],
      ['oldBackups', needsRoom(codes) ? oldBackups(home.path) : []],
      ...looks.map((look) => [look.key, look.ok ? look.value : null]),
    ]) as unknown as PlanInput;
    return { report, plan: makePlan(found, sight, options, tool()) };
  } finally {
    limit.done();
    await host.close();
  }
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
