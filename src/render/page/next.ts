import { shellLine } from '../../model/advice.ts';
import { compareChecks, counts, type Report } from '../../run/report.ts';
import { advised, typeable } from '../advised.ts';
import { advice } from './advice.ts';
import { type Html, html } from './html.ts';

/** At most this many steps are shown, because a hostile home can produce any number of findings. */
const most = 20;

/** What to do, worst cause first, each step once. Making a bundle is not a step, because this page is in one. */
export function renderNext(report: Report): Html | null {
  const all = report.checks.toSorted(compareChecks).flatMap(({ check, findings }) =>
    findings
      .filter((finding) => counts(finding) && !finding.causedBy)
      .map((finding) => ({
        of: `${check.id} ${finding.code}`,
        parts: typeable(advised(check, finding, report.checks)),
      }))
      .filter(({ parts }) => parts.length > 0),
  );
  const steps = [...new Map(all.toReversed().map((step) => [textOf(step.parts), step])).values()].toReversed();
  if (steps.length === 0) return null;
  return html`<section id="next" aria-labelledby="next-title"><h2 id="next-title">What to do next</h2>
<p class="quiet">Type these commands on the machine that this page is about. <samp>&lt;coven-home&gt;</samp> stands for the path of its home.</p>
<ol class="steps">${steps
    .slice(0, most)
    .map(({ of, parts }) => html`<li><p class="quiet">For <samp>${of}</samp></p>${advice(parts)}</li>\n`)}</ol>${
    steps.length > most ? html`<p class="quiet">${steps.length - most} more steps are in report.json.</p>` : null
  }</section>`;
}

const textOf = (parts: ReturnType<typeof advised>): string =>
  parts.map((part) => (typeof part === 'string' ? part : shellLine(part))).join('\n');
