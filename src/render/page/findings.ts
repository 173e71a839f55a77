import type { Evidence } from '../../model/check.ts';
import { adviseOn, say } from '../../model/say.ts';
import { type CheckReport, compareChecks, countedStatus, counts, type ReportedFinding } from '../../run/report.ts';
import { sayAccepted } from '../accepted.ts';
import { sentence } from '../text.ts';
import { advice } from './advice.ts';
import { clipped, type Html, html } from './html.ts';
import { badge, code, prose, section, table } from './parts.ts';
import type { Subject } from './subject.ts';

/** At most this many findings are shown with their evidence, because a hostile home can produce any number. */
const most = 40;
/** Rows of evidence of one finding. */
const mostEvidence = 20;

interface Found {
  readonly of: CheckReport;
  readonly finding: ReportedFinding;
}

const isFault = ({ finding }: Found): boolean => finding.status !== 'pass' && finding.status !== 'skipped';

/** Every finding with its evidence: causes first, then what follows from them, then what passed. */
export function renderFindings({ report }: Subject): Html {
  const all = report.checks
    .toSorted(compareChecks)
    .flatMap((of): readonly Found[] => of.findings.map((finding) => ({ of, finding })));
  const faults = all.filter(isFault);
  const causes = faults.filter(({ finding }) => !finding.causedBy);
  const consequences = faults.filter(({ finding }) => finding.causedBy);
  const rest = ['pass', 'skipped'].flatMap((status) => all.filter(({ finding }) => finding.status === status));
  return html`${section(
    'findings',
    'Findings',
    causes.length > 0 ? causes.slice(0, most).map(article) : html`<p>None: every check that was run passed.</p>`,
    causes.length > most ? html`<p class="quiet">${causes.length - most} more findings are in report.json.</p>` : null,
    consequences.length > 0
      ? html`<h3 class="minor">This also causes</h3><ul class="plain">${consequences.slice(0, most).map(consequence)}</ul>`
      : null,
  )}${rest.length > 0 ? section('passed', 'Checks without a finding', html`<ul class="plain columns">${rest.map(line)}</ul>`) : null}`;
}

function article({ of: { check }, finding }: Found): Html {
  const { message } = say(check, finding);
  // What counts has its steps above, under "What to do next".
  const steps = counts(finding) ? [] : adviseOn(check, finding);
  const accepted = sayAccepted(finding);
  const from = check.module ? html` · of <samp>${clipped(check.module, 120)}</samp>, which is not ours` : null;
  return html`<article class="finding ${countedStatus(finding)}">
<p class="where">${badge(countedStatus(finding))} <samp>${check.id}</samp> <samp>${clipped(finding.code, 80)}</samp> about ${code(finding.target, 120)}${from}</p>
<h3>${prose(clipped(sentence(message), 600))}</h3>
${accepted ? html`<p class="quiet">${clipped(accepted)}</p>` : null}
${steps.length > 0 ? html`<div class="hint">${advice(steps)}</div>` : null}
${evidence(finding.evidence)}
</article>`;
}

function evidence(all: readonly Evidence[]): Html | null {
  if (all.length === 0) return null;
  const rows = all
    .slice(0, mostEvidence)
    .map(({ observation, field, value }) => [
      code(observation),
      code(field, 80),
      value === null ? 'not known' : code(String(value), 200),
    ]);
  return html`<details><summary>Evidence</summary>${table('What it rests on', ['Seen in', 'Field', 'Value'], rows)}${
    all.length > mostEvidence ? html`<p class="quiet">${all.length - mostEvidence} more are in report.json.</p>` : null
  }</details>`;
}

function consequence({ of: { check }, finding }: Found): Html {
  const { check: root = '', code: why = '' } = finding.causedBy ?? {};
  return html`<li>${badge(countedStatus(finding))} <samp>${check.id}</samp> <samp>${clipped(finding.code, 80)}</samp> ${prose(clipped(say(check, finding).message))} <span class="quiet">(from <samp>${root}</samp> <samp>${clipped(why, 80)}</samp>)</span></li>\n`;
}

const line = ({ of: { check }, finding }: Found): Html =>
  html`<li>${badge(countedStatus(finding))} <samp>${check.id}</samp> <span class="quiet">${prose(clipped(say(check, finding).message))}</span></li>\n`;
