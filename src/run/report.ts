import { type CauseName, rootCauses } from '../coven/causes.ts';
import type { HomeSource } from '../coven/layout.ts';
import { mapObstacles } from '../coven/obstacles.ts';
import type { Check, Finding, Status } from '../model/check.ts';
import { type Accepted, accept, type Judged, nothingAccepted } from './accepted.ts';
import type { CheckRun } from './runner.ts';

/** From which status on a finding makes the run fail. */
export type Threshold = 'fail' | 'warn';

/** A finding in its run, with the root cause that it follows from, if any. */
export type ReportedFinding = Judged & { readonly causedBy?: CauseName };

export interface CheckReport {
  readonly check: Check;
  /** The status of the worst finding. */
  readonly status: Status;
  readonly worst: ReportedFinding;
  /** Worst first. Suppressed and known findings come last. */
  readonly findings: readonly ReportedFinding[];
  readonly durationMs: number;
}

/** How a check is counted: by its status, or by why its worst finding does not count. */
export type CountedStatus = Status | 'suppressed' | 'known';

/** A finished run as data. Every format is made from it alone. */
export interface Report {
  readonly runId: string;
  readonly startedAt: string;
  readonly durationMs: number;
  readonly home: string;
  /** Where the path came from, for a run on this machine. */
  readonly homeSource?: HomeSource;
  readonly threshold: Threshold;
  /** The command's own conclusion, in one sentence; without it, whether problems were found. */
  readonly conclusion?: string;
  /** The earlier run that this one is compared with. */
  readonly baseline: string | null;
  readonly checks: readonly CheckReport[];
  /** Checks by standing; each is counted once. */
  readonly summary: Readonly<Record<CountedStatus, number>>;
  /** Whether every check could be determined. */
  readonly complete: boolean;
  readonly exitCode: 0 | 1 | 3;
  readonly escalate: readonly NonNullable<Finding['escalate']>[];
}

const badness: Readonly<Record<CountedStatus, number>> = {
  fail: 6,
  unknown: 5,
  warn: 4,
  suppressed: 3,
  known: 2,
  skipped: 1,
  pass: 0,
};

export function countedStatus({ status, suppressed, known }: Judged): CountedStatus {
  return suppressed ? 'suppressed' : known ? 'known' : status;
}

/** Worst first, then by code and target, so that equal runs give equal reports. */
export function compareFindings(a: Judged, b: Judged): number {
  return (
    badness[countedStatus(b)] - badness[countedStatus(a)] || compare(a.code, b.code) || compare(a.target, b.target)
  );
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** The finding that represents a check: its worst root cause, or its worst finding if it has none. */
export function leadOf({ findings, worst }: CheckReport): ReportedFinding {
  return findings.find(({ causedBy }) => !causedBy) ?? worst;
}

/** Causes before what follows from them, then worst first. A stopped daemon comes after real faults. */
export function compareChecks(a: CheckReport, b: CheckReport): number {
  const [one, other] = [leadOf(a), leadOf(b)];
  const rests = (check: CheckReport, { code }: ReportedFinding): number =>
    Number(check.check.id === 'daemon' && code === 'stopped');
  return (
    Number('causedBy' in one) - Number('causedBy' in other) ||
    badness[countedStatus(other)] - badness[countedStatus(one)] ||
    rests(a, one) - rests(b, other)
  );
}

/**
 * The report of check runs, with accepted findings marked. What follows from what is decided within `runs`. Nothing
 * follows from an accepted finding, because it would then be shown nowhere.
 */
export function reportChecks(
  runs: readonly CheckRun[],
  startedAt: string,
  accepted: Accepted = nothingAccepted,
): readonly CheckReport[] {
  const day = startedAt.slice(0, '2026-12-31'.length);
  const judged = runs.map(({ check, findings }) => findings.map((finding) => accept(check.id, finding, accepted, day)));
  const counting = runs.flatMap(({ check }, index) =>
    (judged[index] ?? []).filter(counts).map((finding) => ({ check, finding })),
  );
  const causes = rootCauses(counting);
  const causeOf = new Map(counting.map(({ finding }, index) => [finding, causes[index]]));
  return runs.map(({ check, durationMs }, index): CheckReport => {
    const findings = (judged[index] ?? []).map((finding): ReportedFinding => {
      const causedBy = causeOf.get(finding);
      return causedBy ? { ...finding, causedBy } : finding;
    });
    const sorted = findings.toSorted(compareFindings);
    const [worst] = sorted;
    if (!worst) throw new TypeError(`${check.id} has no finding`);
    return { check, status: worst.status, worst, findings: sorted, durationMs };
  });
}

/**
 * For each finding that names a check as an obstacle, the check whose words the report shows. If all findings of a check
 * follow from others, that is the other check. A check that was skipped, passed or is accepted has no words in the report.
 */
function placeObstacles(checks: readonly CheckReport[]): readonly CheckReport[] {
  const places = new Map(checks.map((report) => [report.check.id, placesOf(report)]));
  return checks.map((report) => {
    // A finding refers to its own check only for another finding of that check.
    const place = (id: string): readonly string[] =>
      (places.get(id) ?? []).filter((told) => told === id || told !== report.check.id);
    const findings = report.findings.map((finding) => ({ ...finding, facts: mapObstacles(finding.facts, place) }));
    return { ...report, findings, worst: findings[0] ?? report.worst };
  });
}

/** The checks whose words a report shows for a check: itself, or those that it follows from. */
function placesOf({ check, findings }: CheckReport): readonly string[] {
  const faults = findings.filter(
    (finding) => !['pass', 'skipped', 'suppressed', 'known'].includes(countedStatus(finding)),
  );
  if (faults.some(({ causedBy }) => !causedBy)) return [check.id];
  return [...new Set(faults.flatMap(({ causedBy }) => causedBy?.check ?? []))];
}

/** Made again from a bundle, of a home on another machine: a role token stands for its path. */
export const isRecorded = ({ home }: Pick<Report, 'home'>): boolean => home === '<coven-home>';

/** Whether there is no home at all: the checks were skipped, or said so. */
export const isHomeAbsent = ({ checks }: Report): boolean =>
  checks.some(({ check, findings }) =>
    findings.some(({ code, facts }) => code === 'no-home' || (check.id === 'home:path' && facts.absent === true)),
  );

/** Whether a finding was not accepted beforehand. */
export const counts = ({ suppressed, known }: Judged): boolean => !suppressed && !known;

export function makeReport(
  runs: readonly CheckRun[],
  threshold: Threshold,
  run: Pick<Report, 'runId' | 'startedAt' | 'durationMs' | 'home' | 'homeSource'>,
  accepted: Accepted = nothingAccepted,
): Report {
  const checks = placeObstacles(reportChecks(runs, run.startedAt, accepted));
  const summary = { pass: 0, warn: 0, fail: 0, unknown: 0, skipped: 0, suppressed: 0, known: 0 };
  for (const { worst } of checks) summary[countedStatus(worst)] += 1;
  const findings = checks.flatMap(({ findings }) => findings);
  return {
    ...run,
    threshold,
    baseline: accepted.baseline?.runId ?? null,
    checks,
    summary,
    complete: !findings.some(({ status }) => status === 'unknown'),
    exitCode: exitCode(findings, threshold),
    escalate: [...new Set(findings.filter(counts).flatMap(({ escalate }) => escalate ?? []))].sort(),
  };
}

/** Whether a finding makes the run fail. */
export function fails(finding: Judged, threshold: Threshold): boolean {
  const counted = countedStatus(finding);
  return counted === 'fail' || (counted === 'warn' && (threshold === 'warn' || finding.expired !== undefined));
}

/** 1 for a finding at the threshold, else 3 for one that could not be determined, else 0. */
export function exitCode(findings: readonly Judged[], threshold: Threshold): 0 | 1 | 3 {
  if (findings.some((finding) => fails(finding, threshold))) return 1;
  return findings.some(({ status }) => status === 'unknown') ? 3 : 0;
}
