import { compareChecks, type Report } from '../report.ts';
import { say } from './words.ts';

/** What to do next, worst cause first, each step once; what follows from a cause goes away with it. */
export function nextSteps(report: Report): readonly string[] {
  const steps = report.checks
    .toSorted(compareChecks)
    .flatMap(({ check, findings }) =>
      findings.filter(({ causedBy }) => !causedBy).map((finding) => say(check, finding).hint),
    )
    .filter((hint) => hint !== undefined);
  return [...new Set(steps)];
}
