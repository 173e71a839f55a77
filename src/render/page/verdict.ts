import { bytes, count } from '../../model/amounts.ts';
import { say } from '../../model/say.ts';
import { type CountedStatus, compareChecks, countedStatus, leadOf, type Report } from '../../run/report.ts';
import { escalations, sentence, verdict } from '../text.ts';
import { clipped, type Html, html, type Part } from './html.ts';
import { renderNext } from './next.ts';
import { badge, badges, facts, figure, moment, prose } from './parts.ts';
import type { Subject } from './subject.ts';

const headlines = {
  fail: 'Something is wrong',
  unknown: 'Not everything could be determined',
  warn: 'Warnings',
  pass: 'No problems found',
} as const;

/** The worst standing that counts for the exit code. */
function worstOf({ summary }: Report): keyof typeof headlines {
  return (['fail', 'unknown', 'warn'] as const).find((status) => summary[status] > 0) ?? 'pass';
}

/** The head of the page: the cause, where and when, what to do next, and one tile for each area. */
export function renderVerdict(subject: Subject): Html {
  const { report } = subject;
  const worst = worstOf(report);
  return html`<header class="verdict ${worst}">
<p class="brand">coven-doctor: ${worst === 'warn' ? count(report.summary.warn, 'warning') : headlines[worst].toLowerCase()}</p>
<h1><span class="sign" aria-hidden="true">${badges[worst].sign}</span> ${headline(report)}</h1>
<p class="sentence">${situation(subject)}</p>
${facts(origin(subject))}
<ul class="tally" aria-label="Checks by result">${tally(report)}</ul>
${report.escalate.map((reason) => html`<p class="escalate"><strong>Sent to support because:</strong> ${escalations[reason]}.</p>`)}
</header>
${renderNext(report)}
<section id="glance" aria-label="At a glance">${tiles(subject)}${about(report)}</section>`;
}

/** The worst cause as a sentence. The steps below say what to do about it. */
function headline(report: Report): Part {
  const worst = worstOf(report);
  const [first] = report.checks.toSorted(compareChecks);
  if (!first || worst === 'pass') return verdict(report) || headlines[worst];
  return prose(clipped(sentence(say(first.check, leadOf(first)).message), 600));
}

/** The state of the daemon and its sessions, in one line. */
function situation({ report, seen }: Subject): Part {
  const sessions = seen['store.sessions'];
  const open = (status: string): number => sessions?.byStatus[status] ?? 0;
  const [first] = report.checks.toSorted(compareChecks);
  const daemon = report.checks.find(({ check }) => check.id === 'daemon');
  const said =
    daemon && daemon !== first
      ? html`${prose(clipped(sentence(say(daemon.check, daemon.worst).message), 300))}. `
      : null;
  const all = Object.values(sessions?.byStatus ?? {}).reduce((sum, one) => sum + one, 0);
  const rows =
    sessions?.outcome === 'read'
      ? all === 0
        ? 'The ledger holds no sessions.'
        : `The ledger holds ${count(all, 'session')}: ${open('running')} running, ${open('created')} not yet started.`
      : 'The sessions in the ledger could not be read.';
  return html`${said}${rows}`;
}

/** The name of a system as people write it. */
const system = (platform = ''): string => ({ linux: 'Linux', darwin: 'macOS' })[platform] ?? platform;

/** Versions, machine and time. */
function origin({ report, seen, made }: Subject): readonly (readonly [string, Part])[] {
  const { machine, install, 'daemon.health': health } = seen;
  const daemon = health?.body?.covenVersion ?? null;
  const found = install?.covens.find(({ ours }) => !ours);
  // A program that no npm package brought tells its version only where it was run, for the rehearsal.
  const cli = found ? (found.version ?? seen['store.rehearsal']?.version ?? 'an unidentified version') : null;
  const coven =
    daemon !== null && daemon === cli
      ? cli
      : [
          ...(cli === null ? [] : [`${cli} on PATH`]),
          ...(daemon === null ? [] : [`${daemon} runs as the daemon`]),
        ].join(', ');
  const { os, arch, node } = made?.system ?? {};
  const machineWords = [
    [system(machine?.platform), arch].filter(Boolean).join(' '),
    [os?.distro, os?.release].filter(Boolean).join(' '),
    node && `Node ${node}`,
  ];
  return [
    [
      'Coven',
      coven === '' ? (install ? 'none on the PATH of who made this, and no daemon answers' : 'not known') : coven,
    ],
    ['coven-doctor', made?.tool.version ?? null],
    ['Machine', machineWords.filter(Boolean).join(', ') || 'not known'],
    ['Checked at (UTC)', moment(report.startedAt)],
  ];
}

const order: readonly CountedStatus[] = ['fail', 'unknown', 'warn', 'suppressed', 'known', 'pass', 'skipped'];

const tally = ({ summary }: Report): Part =>
  order
    .filter((name) => summary[name] > 0)
    .map(
      (name) =>
        html`<li class="${name}"><strong>${summary[name]}</strong> ${name === 'warn' && summary.warn !== 1 ? 'warnings' : badges[name].word}</li>`,
    );

/** The order of tiles: faults, then passed, then skipped. */
const worseFirst = (a: CountedStatus, b: CountedStatus): number => order.indexOf(a) - order.indexOf(b);

function tiles({ report, seen }: Subject): Html {
  // The worst of its area: a tile never shows a pass beside a failure of the same area.
  const of = (name: string, area: string, detail: Part = null): Html => {
    const [found] = report.checks
      .filter(({ check: { id } }) => id === area || (id !== 'home:disk' && id.split(':')[0] === area))
      .toSorted((a, b) => worseFirst(countedStatus(a.worst), countedStatus(b.worst)) || compareChecks(a, b));
    // Where nothing is wrong, a number says more than "OK". A finding has its own words.
    const isPass = found?.worst.status === 'pass';
    const words =
      found && (detail === null || !isPass) ? html`<p>${brief(say(found.check, found.worst).message)}</p>` : null;
    const more = detail === null || (!isPass && area === 'home:disk') ? null : html`<p>${detail}</p>`;
    return html`<div class="tile"><h3>${name}</h3><p>${found ? badge(countedStatus(found.worst)) : 'skipped'}</p>${words}${more}</div>\n`;
  };
  const disk = seen['home.disk'];
  const sessions = seen['store.sessions'];
  return html`<div class="tiles">${[
    of('Daemon', 'daemon'),
    of('Ledger', 'store'),
    of(
      'Sessions',
      'sessions',
      sessions?.outcome === 'read'
        ? html`<b>${sessions.byStatus.running ?? 0}</b> running, ${figure(sessions.recent.made)} made in the last day`
        : 'The sessions could not be read.',
    ),
    of('Home', 'home'),
    of('Disk', 'home:disk', disk ? html`<b>${bytes(disk.freeBytes)}</b> free of ${bytes(disk.totalBytes)}` : null),
  ]}</div>`;
}

/** Shortens a message of more than two lines to its first clause. The findings below hold all of it. */
function brief(message: string): Part {
  const clause = message.length > 80 ? (/^.{20,80}?(?=[:;,] )/.exec(message)?.[0] ?? message) : message;
  return prose(clipped(sentence(clause), 160));
}

const about = ({ home, durationMs, runId, exitCode, complete, baseline }: Report): Html =>
  facts([
    ['Home', html`<samp>${clipped(home)}</samp>`],
    ['Took', `${(durationMs / 1000).toFixed(1)} s`],
    ['Everything could be determined', complete ? 'yes' : 'no'],
    ['Exit code', exitCode],
    ['Run', html`<samp>${runId}</samp>`],
    ['Compared with run', baseline === null ? null : html`<samp>${baseline}</samp>`],
  ]);
