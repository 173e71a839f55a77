import { compareChecks, counts, type Report } from '../report.ts';
import { say } from './words.ts';

/**
 * What to do next, worst cause first, each step once; what follows from a cause goes away with it, and
 * what is suppressed or known needs nothing.
 */
export function nextSteps(report: Report): readonly string[] {
  const steps = report.checks
    .toSorted(compareChecks)
    .flatMap(({ check, findings }) =>
      findings.filter((finding) => counts(finding) && !finding.causedBy).map((finding) => say(check, finding).hint),
    )
    .filter((hint) => hint !== undefined);
  return [...new Set(steps)];
}
