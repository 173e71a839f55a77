import { say } from '../model/say.ts';
import { compareChecks, counts, type Report } from '../run/report.ts';

/** Where recovery by hand ends: collect the evidence before anything else changes it. */
export const bundleStep = 'coven-doctor bundle, and give the file to support';

/**
 * What to do next, each step once: first the evidence for support, then by the worst cause. Findings that follow from a
 * cause have no steps, because they disappear with it. Suppressed and known findings have none either.
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
