import { bytes, count } from '../../model/amounts.ts';
import { compareChecks, leadOf, type Report, type Standing, standing } from '../../run/report.ts';
import { nextSteps } from '../steps.ts';
import { escalations, verdict } from '../text.ts';
import { say } from '../words.ts';
import { clipped, type Html, html, type Part } from './html.ts';
import { badge, facts, moment, prose, standings } from './parts.ts';
import type { Subject } from './subject.ts';

const headlines = {
  fail: 'Something is wrong',
  unknown: 'Not everything could be determined',
  warn: 'It works, with warnings',
  pass: 'No problems found',
} as const;

/** The worst that counts. */
function worstOf({ summary }: Report): keyof typeof headlines {
  return (['fail', 'unknown', 'warn'] as const).find((status) => summary[status] > 0) ?? 'pass';
}

/** What is to be known before anything is read: the verdict, what to do next, and how the machine stands. */
export function renderVerdict(subject: Subject): Html {
  const { report } = subject;
  const worst = worstOf(report);
  const steps = nextSteps(report);
  return html`<header class="verdict ${worst}">
<p class="brand">coven-doctor</p>
<h1><span class="sign" aria-hidden="true">${standings[worst].sign}</span> ${headline(report)}</h1>
<p class="sentence">${lead(report)}</p>
<ul class="tally" aria-label="Checks by what they said">${tally(report)}</ul>
${report.escalate.map((reason) => html`<p class="escalate"><strong>Ask for support:</strong> ${escalations[reason]}.</p>`)}
</header>
${steps.length > 0 ? html`<section id="next" aria-labelledby="next-title"><h2 id="next-title">What to do next</h2><ol class="steps">${steps.map((step) => html`<li>${prose(clipped(step, 600))}</li>`)}</ol></section>` : null}
<section id="glance" aria-label="At a glance">${tiles(subject)}${about(report)}</section>`;
}

/** Names the worst cause; the steps below say what to do about it. */
function headline(report: Report): Part {
  const worst = worstOf(report);
  const [first] = report.checks.toSorted(compareChecks);
  if (!first || worst === 'pass') return headlines[worst];
  return html`${headlines[worst]}: ${prose(clipped(say(first.check, leadOf(first)).message, 600))}`;
}

function lead(report: Report): Part {
  const [first] = report.checks.toSorted(compareChecks);
  if (!first || worstOf(report) === 'pass') return verdict(report);
  return html`Found by <samp>${first.check.id}</samp> as <samp>${leadOf(first).code}</samp>.`;
}

const order: readonly Standing[] = ['fail', 'unknown', 'warn', 'suppressed', 'known', 'pass', 'skipped'];

const tally = ({ summary }: Report): Part =>
  order
    .filter((name) => summary[name] > 0)
    .map(
      (name) =>
        html`<li class="${name}"><strong>${summary[name]}</strong> ${name === 'warn' && summary.warn !== 1 ? 'warnings' : standings[name].word}</li>`,
    );

/** Faults before what passed, and that before what was skipped. */
const worseFirst = (a: Standing, b: Standing): number => order.indexOf(a) - order.indexOf(b);

function tiles({ report, seen }: Subject): Html {
  // The worst of its area: a tile never shows a pass beside a failure of the same area.
  const of = (area: string): Part => {
    const [found] = report.checks
      .filter(({ check: { id } }) => id === area || (id !== 'home:disk' && id.split(':')[0] === area))
      .toSorted((a, b) => worseFirst(standing(a.worst), standing(b.worst)) || compareChecks(a, b));
    return found
      ? html`${badge(standing(found.worst))} <span>${prose(clipped(say(found.check, found.worst).message, 160))}</span>`
      : 'skipped';
  };
  const ofDisk = of('home:disk');
  const disk = seen['home.disk'];
  const sessions = seen['store.sessions'];
  const tile = (name: string, value: Part): Html => html`<div class="tile"><h3>${name}</h3><p>${value}</p></div>\n`;
  return html`<div class="tiles">${[
    tile('Daemon', of('daemon')),
    tile('Ledger', of('store')),
    tile(
      'Sessions',
      sessions?.outcome === 'read'
        ? html`${of('sessions')}. <b>${sessions.byStatus.running ?? 0}</b> running, ${sessions.byStatus.created ?? 0} created, ${sessions.recent.made} made in the last day`
        : html`${of('sessions')}. The sessions were not read.`,
    ),
    tile('Home', of('home')),
    tile('Disk', disk ? html`${ofDisk}. <b>${bytes(disk.freeBytes)}</b> free of ${bytes(disk.totalBytes)}` : ofDisk),
  ]}</div>`;
}

const about = ({ home, startedAt, durationMs, runId, exitCode, complete, baseline }: Report): Html =>
  facts([
    ['Home', html`<samp>${clipped(home)}</samp>`],
    ['Checked at (UTC)', moment(startedAt)],
    ['Took', count(durationMs, 'millisecond')],
    ['Complete', complete ? 'yes' : 'no'],
    ['Exit code', exitCode],
    ['Run', html`<samp>${runId}</samp>`],
    ['Compared with run', baseline === null ? null : html`<samp>${baseline}</samp>`],
  ]);
