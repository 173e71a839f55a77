import { bytes, count } from '../../model/amounts.ts';
import type { LogStart, LogStory } from '../../model/observation.ts';
import { type Html, html, type Part } from './html.ts';
import { moment, percent, section, stamp, table } from './parts.ts';
import type { Subject } from './subject.ts';

/** Starts that are drawn. */
const most = 100;
/** Starts that are named in the table, newest first. */
const named = 8;

const dayMs = 24 * 3_600_000;

interface Span {
  readonly start: LogStart;
  readonly from: number;
  /** Its last line; what came after is not known. */
  readonly to: number;
  /** The next start, or the end of what is shown. */
  readonly next: number;
}

/** What the recovery log tells over time: starts that came to serve and starts that did not, clean stops, panics. */
export function renderTimeline({ report, seen }: Subject): Html {
  const story = seen['daemon.log'];
  if (!story) return section('timeline', 'Starts, stops and crashes', html`<p>The recovery log could not be read.</p>`);
  const now = Date.parse(report.startedAt);
  const spans = spansOf(story.starts.slice(-most), now);
  const [first] = spans;
  if (!first) return section('timeline', 'Starts, stops and crashes', html`<p>The recovery log tells of no start.</p>`);
  const lately = spans.filter(({ from }) => now - from < dayMs);
  const zoom = lately.length > 1 && now - first.from > 3 * dayMs;
  const runs = report.checks.some(({ check, status }) => check.id === 'daemon' && status === 'pass');
  return section(
    'timeline',
    'Starts, stops and crashes',
    html`<p class="quiet">${tale(story, spans)}</p>`,
    chart(spans, first.from, now),
    zoom ? html`<h3 class="minor">The last 24 hours</h3>${chart(lately, now - dayMs, now)}` : null,
    legend,
    table(
      spans.length > named ? `The last ${named} of ${spans.length} starts` : 'Every start that the log tells of',
      ['Started (UTC)', 'Came to serve', 'Last wrote', 'How it ended'],
      spans
        .toReversed()
        .slice(0, named)
        .map(({ start }, index) => [
          moment(start.at),
          start.completed ? 'yes' : 'no',
          moment(start.lastAt),
          ending(start, index === 0 && runs),
        ]),
    ),
  );
}

function spansOf(starts: readonly LogStart[], now: number): readonly Span[] {
  const timed = starts
    .map((start) => ({ start, from: Date.parse(start.at), to: Date.parse(start.lastAt) }))
    .filter(({ from, to }) => from <= now && to >= from)
    .sort((a, b) => a.from - b.from);
  return timed.map((span, index) => ({ ...span, to: Math.min(span.to, now), next: timed[index + 1]?.from ?? now }));
}

function tale({ bytes: size, readBytes, panics }: LogStory, spans: readonly Span[]): string {
  const served = spans.filter(({ start }) => start.completed).length;
  const stopped = spans.filter(({ start }) => start.stopped).length;
  const read = readBytes < size ? `the last ${bytes(readBytes)} of ${bytes(size)}` : `all ${bytes(size)}`;
  return `${count(spans.length, 'start')}, ${served} of them came to serve; ${count(stopped, 'clean stop')}, ${count(panics, 'panic')}. Read: ${read} of the recovery log. Times are UTC.`;
}

function ending({ completed, stopped, panickedAt }: LogStart, running: boolean): Part {
  if (panickedAt !== null) return html`a panic at ${moment(panickedAt)}`;
  if (stopped) return 'a clean stop';
  if (running) return 'it runs';
  return completed ? 'the log does not say' : 'the start broke off';
}

const height = 56;
const middle = 28;

function chart(spans: readonly Span[], from: number, to: number): Html {
  const at = (time: number): string => percent((time - from) / Math.max(1, to - from));
  const width = (begin: number, end: number): string => percent((end - begin) / Math.max(1, to - from));
  const marks = spans.map(({ start, from: begin, to: end, next }) => {
    const panic = start.panickedAt === null ? Number.NaN : Date.parse(start.panickedAt);
    const kind = start.completed ? 'served' : 'broken';
    return html`<line class="silent" x1="${at(end)}" x2="${at(start.stopped ? end : next)}" y1="${middle}" y2="${middle}"/>
<rect class="${kind}" x="${at(begin)}" width="${width(begin, end)}" y="${middle - 7}" height="14"/><rect class="${kind}" x="${at(begin)}" width="3" y="${middle - 13}" height="20"/>
${start.stopped ? html`<svg class="mark" x="${at(end)}"><rect class="stop" x="-5" y="${middle - 5}" width="10" height="10"/></svg>` : null}
${panic >= from && panic <= to ? html`<svg class="mark" x="${at(panic)}"><path class="panic" d="M-5 ${middle + 10}l10 10m0 -10l-10 10"/></svg>` : null}`;
  });
  const label = `Starts from ${stamp(from)} to ${stamp(to)} UTC; the table below tells the last ones.`;
  return html`<figure class="timeline"><svg role="img" aria-label="${label}" width="100%" height="${height}"><line class="axis" x1="0" x2="100%" y1="${middle}" y2="${middle}"/>${marks}</svg>
<figcaption><span>${minute(from)}</span><span>${minute(to)}</span></figcaption></figure>`;
}

const minute = (time: number): string => stamp(time).slice(0, '2026-11-25 07:50'.length);

const key = (shape: Html, words: string): Html =>
  html`<li><svg aria-hidden="true" width="18" height="14">${shape}</svg> ${words}</li>`;

const legend = html`<ul class="legend">
${key(html`<rect class="served" y="3" width="18" height="8"/>`, 'served and wrote')}
${key(html`<line class="silent" x1="0" x2="18" y1="7" y2="7"/>`, 'wrote nothing')}
${key(html`<rect class="broken" y="3" width="18" height="8"/>`, 'a start that broke off')}
${key(html`<rect class="stop" x="4" y="2" width="10" height="10"/>`, 'a clean stop')}
${key(html`<path class="panic" d="M4 2l10 10m0 -10l-10 10"/>`, 'a panic')}
</ul>`;
