import { compareChecks, counts, type Report } from '../run/report.ts';
import { say } from './words.ts';

/** Where recovery by hand is at its end: the evidence, before anything else changes it. */
export const bundleStep = 'coven-doctor bundle, and give the file to support';

/**
 * What to do next, the evidence for support first, then by the worst cause, each step once; what follows from a cause
 * goes away with it, and what is suppressed or known needs nothing.
 */
export function nextSteps(report: Report): readonly string[] {
  const steps = report.checks
    .toSorted(compareChecks)
    .flatMap(({ check, findings }) =>
      findings.filter((finding) => counts(finding) && !finding.causedBy).map((finding) => say(check, finding).hint),
    )
    .filter((hint) => hint !== undefined);
  return [...new Set([...(report.escalate.length > 0 ? [bundleStep] : []), ...steps])];
}
