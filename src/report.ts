import type { Check, Finding, Status } from './check.ts';
import { type CauseName, rootCauses } from './coven/causes.ts';
import type { CheckRun } from './runner.ts';

/** From which status on a finding makes the run fail. */
export type Threshold = 'fail' | 'warn';

/** A finding in its run: with the root that it follows from, where it is no cause of its own. */
export type ReportedFinding = Finding & { readonly causedBy?: CauseName };

export interface CheckReport {
  readonly check: Check;
  /** The status of the worst finding. */
  readonly status: Status;
  readonly worst: ReportedFinding;
  /** Worst first. */
  readonly findings: readonly ReportedFinding[];
  readonly durationMs: number;
}

/** A finished run, as data; every format is made from it alone. */
export interface Report {
  readonly runId: string;
  readonly startedAt: string;
  readonly durationMs: number;
  readonly home: string;
  readonly checks: readonly CheckReport[];
  readonly summary: Readonly<Record<Status, number>>;
  /** Everything that was asked could be told. */
  readonly complete: boolean;
  readonly exitCode: 0 | 1 | 3;
  readonly escalate: readonly NonNullable<Finding['escalate']>[];
}

const badness: Readonly<Record<Status, number>> = {
  fail: 4,
  unknown: 3,
  warn: 2,
  skipped: 1,
  pass: 0,
};

/** Worst first, then by code and target, so that equal runs give equal reports. */
export function compareFindings(a: Finding, b: Finding): number {
  return badness[b.status] - badness[a.status] || compare(a.code, b.code) || compare(a.target, b.target);
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** The finding that a check is told by: its worst cause, or its worst where it has no cause of its own. */
export function leadOf({ findings, worst }: CheckReport): ReportedFinding {
  return findings.find(({ causedBy }) => !causedBy) ?? worst;
}

/** Causes before what follows from them, then worst first. */
export function compareChecks(a: CheckReport, b: CheckReport): number {
  const [one, other] = [leadOf(a), leadOf(b)];
  return Number('causedBy' in one) - Number('causedBy' in other) || badness[other.status] - badness[one.status];
}

export function makeReport(
  runs: readonly CheckRun[],
  threshold: Threshold,
  run: Pick<Report, 'runId' | 'startedAt' | 'durationMs' | 'home'>,
): Report {
  const found = runs.flatMap(({ check, findings }) => findings.map((finding) => ({ check: check.id, finding })));
  const causes = rootCauses(found);
  const reported = new Map(
    found.map(({ finding }, index): [Finding, ReportedFinding] => {
      const causedBy = causes[index];
      return [finding, causedBy ? { ...finding, causedBy } : finding];
    }),
  );
  const checks = runs.map(({ check, findings, durationMs }): CheckReport => {
    const sorted = findings.map((finding) => reported.get(finding) ?? finding).toSorted(compareFindings);
    const [worst] = sorted;
    if (!worst) throw new TypeError(`${check.id} has no finding`);
    return { check, status: worst.status, worst, findings: sorted, durationMs };
  });
  const summary = { pass: 0, warn: 0, fail: 0, unknown: 0, skipped: 0 };
  for (const { status } of checks) summary[status] += 1;
  const findings = found.map(({ finding }) => finding);
  return {
    ...run,
    checks,
    summary,
    complete: !findings.some(({ status }) => status === 'unknown'),
    exitCode: exitCode(findings, threshold),
    escalate: [...new Set(findings.flatMap(({ escalate }) => escalate ?? []))].sort(),
  };
}

/** 1 for a finding at the threshold, else 3 for one that could not be determined, else 0. */
export function exitCode(findings: readonly Finding[], threshold: Threshold): 0 | 1 | 3 {
  if (findings.some(({ status }) => status === 'fail' || (status === 'warn' && threshold === 'warn'))) return 1;
  return findings.some(({ status }) => status === 'unknown') ? 3 : 0;
}
