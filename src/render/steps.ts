import { compareChecks, type Report } from '../report.ts';
import { say } from './words.ts';

/** What to do next, worst finding first, each step once. */
export function nextSteps(report: Report): readonly string[] {
  const steps = report.checks
    .toSorted(compareChecks)
    .flatMap(({ check, findings }) => findings.map((finding) => say(check.id, finding).hint))
    .filter((hint) => hint !== undefined);
  return [...new Set(steps)];
}
