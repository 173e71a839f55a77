import { bytes, count } from '../../model/amounts.ts';
import { type Html, html } from './html.ts';
import { percent, section, stamp, table } from './parts.ts';
import { daysOf, groupOf, shadeOf } from './session-days.ts';
import { daemonRuns, errorsOf, type Happening, happenings, type Kind, type Span, spansOf } from './story.ts';
import type { Subject } from './subject.ts';

/** At most this many events are shown; older ones are folded. */
const shown = 15;
const dayMs = 24 * 3_600_000;

/** The word and the sign of each kind of event. The sign does not depend on colour. */
const kinds: Readonly<Record<Kind, { readonly word: string; readonly sign: string; readonly tone: string }>> = {
  start: { word: 'start', sign: '▸', tone: 'pass' },
  broken: { word: 'failed start', sign: '✕', tone: 'fail' },
  stop: { word: 'stop', sign: '□', tone: 'skipped' },
  crash: { word: 'crash', sign: '✕', tone: 'fail' },
  error: { word: 'error', sign: '!', tone: 'warn' },
  session: { word: 'sessions', sign: '•', tone: 'skipped' },
  repair: { word: 'repair', sign: '+', tone: 'warn' },
  check: { word: 'this check', sign: '✓', tone: 'skipped' },
};

/** One timeline of log, ledger and repairs: starts, stops, crashes, errors and sessions, first as a chart, then as a list. */
export function renderTimeline(subject: Subject): Html {
  const { report } = subject;
  const now = Date.parse(report.startedAt);
  const events = happenings(subject);
  const spans = spansOf(subject);
  const oldest = Math.min(
    ...spans.map(({ from }) => from),
    ...events.map(({ at, isDay }) => (isDay ? at - dayMs + 1 : at)),
  );
  const lately = [...spans.map(({ from }) => from), ...errorsOf(subject).map(({ time }) => time)].filter(
    (at) => now - at < dayMs,
  ).length;
  const isLong = now - oldest > 3 * dayMs;
  return section(
    'timeline',
    'What happened',
    html`<p class="quiet">${source(subject, spans)}</p>`,
    events.length > 1 ? chart(subject, spans, { from: oldest, to: now, days: true }) : null,
    isLong && lately > 2
      ? html`<h3 class="minor">The last 24 hours</h3>${chart(subject, spans, { from: now - dayMs, to: now, days: false })}`
      : null,
    events.length > 1 ? legend(subject) : null,
    told(
      events.slice(0, shown),
      events.length > shown ? `The newest ${shown} of ${events.length} events` : 'Every event that is known',
    ),
    events.length > shown
      ? html`<details><summary>Older events</summary>${told(events.slice(shown), 'Older events')}</details>`
      : null,
  );
}

const told = (events: readonly Happening[], caption: string): Html =>
  table(
    caption,
    ['Time (UTC)', 'Event', 'What happened'],
    events.map(({ at, kind, isDay, what }) => [
      html`<time>${isDay ? stamp(at).slice(0, '2026-11-25'.length) : stamp(at)}</time>`,
      html`<span class="badge ${kinds[kind].tone}"><span aria-hidden="true">${kinds[kind].sign}</span> ${kinds[kind].word}</span>`,
      what,
    ]),
  );

/** Counts each kind, and says what was read to count it. */
function source({ seen }: Subject, spans: readonly Span[]): string {
  const story = seen['daemon.log'];
  const ledger =
    seen['store.sessions']?.outcome === 'read'
      ? ''
      : ' The session rows could not be read, so sessions are missing here.';
  if (!story)
    return `The recovery log could not be read, so starts, stops, crashes and errors are missing here.${ledger}`;
  if (spans.length === 0)
    return `The recovery log tells of no start. Read: ${bytes(story.readBytes)} of it. Times are UTC.${ledger}`;
  const served = spans.filter(({ start }) => start.completed).length;
  const stopped = spans.filter(({ start }) => start.stopped).length;
  const read =
    story.readBytes < story.bytes
      ? `the last ${bytes(story.readBytes)} of ${bytes(story.bytes)}`
      : `all ${bytes(story.bytes)}`;
  return `${count(spans.length, 'start')}, of which ${served} served; ${count(stopped, 'clean stop')}, ${count(story.panics, 'panic')}. Read: ${read} of the recovery log. Times are UTC.${ledger}`;
}

const lanes = { daemon: 34, errors: 78, sessions: 106 };
const columnHeight = 70;

interface Scale {
  /** Milliseconds since 1970. */
  readonly from: number;
  readonly to: number;
  /** Whether the scale has room for one column a day. */
  readonly days: boolean;
}

/** Three lanes on one time scale: the daemon, errors and crashes, sessions. */
function chart(subject: Subject, spans: readonly Span[], { from, to, days }: Scale): Html {
  const height = days ? lanes.sessions + columnHeight : lanes.errors + 8;
  const at = (time: number): string => percent((time - from) / Math.max(1, to - from));
  const inside = (time: number): boolean => time >= from && time <= to;
  const width = (begin: number, end: number): string =>
    percent((Math.min(end, to) - Math.max(begin, from)) / Math.max(1, to - from));
  const y = lanes.daemon;
  const isLast = ({ start }: Span): boolean => start === spans.at(-1)?.start;
  const runs = daemonRuns(subject);
  const drawn = spans.filter(({ next }) => next >= from);
  const daemon = drawn.map((span) => {
    const { start, from: begin, to: end, next } = span;
    const kind = start.completed ? 'served' : 'broken';
    const quietUntil = start.stopped || start.panickedAt !== null ? end : next;
    return html`${isLast(span) && runs ? html`<rect class="alive" x="${at(end)}" width="${width(end, next)}" y="${y - 3}" height="6"/>` : html`<line class="silent" x1="${at(end)}" x2="${at(quietUntil)}" y1="${y}" y2="${y}"/>`}
${end >= from ? html`<rect class="${kind}" x="${at(begin)}" width="${width(begin, end)}" y="${y - 7}" height="14"/>` : null}${inside(begin) ? html`<rect class="${kind}" x="${at(begin)}" width="3" y="${y - 13}" height="20"/>` : null}
${start.stopped && inside(end) ? html`<svg class="mark" x="${at(end)}"><rect class="stop" x="-5" y="${y - 5}" width="10" height="10"/></svg>` : null}`;
  });
  const crashes = drawn
    .map(({ start }) => Date.parse(start.panickedAt ?? ''))
    .filter(inside)
    .map(
      (time) => html`<svg class="mark" x="${at(time)}"><path class="panic" d="M-5 ${y - 5}l10 10m0 -10l-10 10"/></svg>`,
    );
  const errors = errorsOf(subject)
    .filter(({ time }) => inside(time))
    .map(
      ({ time }) =>
        html`<svg class="mark" x="${at(time)}"><path class="error" d="M0 ${lanes.errors - 11}l6 11l-12 0z"/></svg>`,
    );
  const { columns, busiest } = days ? dayColumns(subject, from, to) : { columns: null, busiest: null };
  const name = (text: string, top: number): Html => html`<text class="lane" x="0" y="${top}">${text}</text>`;
  const grid = [0.25, 0.5, 0.75].map(
    (share) => html`<line class="grid" x1="${percent(share)}" x2="${percent(share)}" y1="16" y2="${height}"/>`,
  );
  const axis = (top: number): Html => html`<line class="axis" x1="0" x2="100%" y1="${top}" y2="${top}"/>`;
  const label = `The daemon, errors and sessions from ${stamp(from)} to ${stamp(to)} UTC; the table below tells every event.`;
  return html`<figure class="timeline"><svg role="img" aria-label="${label}" width="100%" height="${height + 1}">${grid}${axis(y)}${axis(lanes.errors)}${axis(height)}
${name('Daemon', 12)}${name(errors.length > 0 ? 'Errors in the log' : 'Errors in the log: none', lanes.errors - 15)}${busiest === null ? null : name(busiest > 0 ? `Sessions made, at most ${busiest} a day` : 'Sessions made: none', lanes.sessions - 8)}
${daemon}${crashes}${errors}${columns}</svg>
<figcaption><span>${minute(from)}</span><span>${minute((from + to) / 2)}</span><span>${minute(to)}</span></figcaption></figure>`;
}

/** One column for each day that begins within the scale: the sessions created on it, by current status. */
function dayColumns(subject: Subject, from: number, to: number) {
  const days = daysOf(subject).filter(({ at }) => at + dayMs > from && at <= to);
  const busiest = Math.max(0, ...days.map(({ total }) => total));
  const share = (time: number): number => (time - from) / Math.max(1, to - from);
  const columns = days.map(({ at, groups }) => {
    let top = lanes.sessions + columnHeight;
    const [left, right] = [Math.max(0, share(at)), Math.min(1, share(at + dayMs))];
    return groups.map(([group, rows]) => {
      const tall = Math.max(2, (rows / busiest) * columnHeight);
      top -= tall;
      return html`<rect class="${shadeOf(group)}" x="${percent(left + (right - left) * 0.1)}" width="${percent((right - left) * 0.8)}" y="${Math.max(lanes.sessions, top).toFixed(1)}" height="${tall.toFixed(1)}"/>`;
    });
  });
  return { columns, busiest };
}

const minute = (time: number): string => stamp(time).slice('2026-'.length, '2026-11-25 07:50'.length);

const key = (shape: Html, words: string): Html =>
  html`<li><svg aria-hidden="true" width="18" height="14">${shape}</svg> ${words}</li>`;

function legend(subject: Subject): Html {
  const groups = [...new Set(daysOf(subject).flatMap(({ groups: all }) => all.map(([group]) => group)))];
  return html`<ul class="legend">
${key(html`<rect class="served" y="3" width="18" height="8"/>`, 'served, and wrote to the log')}
${key(html`<line class="silent" x1="0" x2="18" y1="7" y2="7"/>`, 'wrote nothing; its end is not known')}
${daemonRuns(subject) ? key(html`<rect class="alive" y="4" width="18" height="6"/>`, 'runs') : null}
${key(html`<rect class="broken" y="3" width="18" height="8"/>`, 'a failed start')}
${key(html`<rect class="stop" x="4" y="2" width="10" height="10"/>`, 'a clean stop')}
${key(html`<path class="panic" d="M4 2l10 10m0 -10l-10 10"/>`, 'a crash')}
${key(html`<path class="error" d="M9 1l6 11l-12 0z"/>`, 'an error, at its last time')}
${groups.map((group) => key(html`<rect class="${shadeOf(group)}" x="2" width="14" height="14" rx="3"/>`, `sessions: ${groupOf(group)}`))}
</ul>`;
}
