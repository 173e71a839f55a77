import { count } from '../../model/amounts.ts';
import type { LogError, LogStart } from '../../model/observation.ts';
import { lossWords } from '../../model/rescue-told.ts';
import { type Html, html, type Part } from './html.ts';
import { code, figure, moment, stamp } from './parts.ts';
import { daysOf } from './session-days.ts';
import type { Subject } from './subject.ts';

/** At most this many starts, errors and open sessions are listed, because a hostile home can have any number. */
const most = { starts: 100, errors: 20, sessions: 20 };

export type Kind = 'start' | 'broken' | 'stop' | 'crash' | 'error' | 'session' | 'repair' | 'check';

/** One event, taken from the log, the ledger or the home. */
export interface Happening {
  /** Milliseconds since 1970, UTC. */
  readonly at: number;
  readonly kind: Kind;
  readonly what: Part;
  /** Only the day is known. */
  readonly isDay?: boolean;
}

/** A start, and the time during which that daemon wrote to the log. */
export interface Span {
  readonly start: LogStart;
  readonly from: number;
  /** The time of its last line. What it did later is not known. */
  readonly to: number;
  /** The next start, or the time of the check. */
  readonly next: number;
}

/** Starts in the recovery log, oldest first. Those without a valid time, or later than the check, are omitted. */
export function spansOf({ report, seen }: Subject): readonly Span[] {
  const now = Date.parse(report.startedAt);
  const timed = (seen['daemon.log']?.starts ?? [])
    .slice(-most.starts)
    .map((start) => ({ start, from: Date.parse(start.at), to: Date.parse(start.lastAt) }))
    .filter(({ from, to }) => from <= now && to >= from)
    .sort((a, b) => a.from - b.from);
  return timed.map((span, index) => ({ ...span, to: Math.min(span.to, now), next: timed[index + 1]?.from ?? now }));
}

export const daemonRuns = ({ report }: Subject): boolean =>
  report.checks.some(({ check, status }) => check.id === 'daemon' && status === 'pass');

/** Log errors that report a failure, with their times. */
export const errorsOf = ({ seen }: Subject): readonly (LogError & { readonly time: number })[] =>
  (seen['daemon.log']?.errors ?? [])
    .filter(({ failure }) => failure)
    .slice(0, most.errors)
    .flatMap((error) => {
      const time = Date.parse(error.lastAt ?? '');
      return Number.isNaN(time) ? [] : [{ ...error, time }];
    });

/** All events, newest first, including the check itself. Consecutive starts with the same outcome are one entry. */
export function happenings(subject: Subject): readonly Happening[] {
  const { report, seen } = subject;
  const now = Date.parse(report.startedAt);
  const known: readonly Happening[] = [
    ...starts(spansOf(subject), daemonRuns(subject)),
    ...errorsOf(subject).map(
      ({ said, times, firstAt, time }): Happening => ({
        at: time,
        kind: 'error',
        what: errorWords(said, times, firstAt),
      }),
    ),
    ...days(subject),
    ...(seen['store.sessions']?.open ?? []).slice(0, most.sessions).map(
      ({ id, status, harness, createdAt, updatedAt }): Happening => ({
        at: Date.parse(createdAt),
        kind: 'session',
        what: html`Session ${code(id, 40)} was made for ${code(harness, 40)}; it is ${code(status, 40)}, and last changed at ${moment(updatedAt)}`,
      }),
    ),
    ...(seen['home.runs']?.unfinished ?? []).slice(0, most.errors).map(
      ({ at, id }): Happening => ({
        at: Date.parse(at ?? ''),
        kind: 'repair',
        what: html`A repair by coven-doctor began and was cut off: run ${code(id, 40)}`,
      }),
    ),
    ...(seen['home.runs']?.rescues ?? []).map(
      ({ at, id, counts }): Happening => ({
        at: Date.parse(at ?? ''),
        kind: 'repair',
        what: html`The damaged ledger was replaced by a rescued one: run ${code(id, 40)}; ${
          counts ? `${figure(counts.rescued)} rows came back, and ${lossWords(counts)}` : 'what was lost is not known'
        }`,
      }),
    ),
  ];
  return [
    { at: now, kind: 'check' as const, what: 'coven-doctor checked this home' },
    // Of two events at the same time, the one listed later happened later.
    ...known
      .filter(({ at }) => at <= now)
      .sort((a, b) => a.at - b.at)
      .reverse(),
  ];
}

function errorWords(said: string, times: number, firstAt: string | null): Html {
  const often = times > 1 ? html`, ${count(times, 'time')} since ${moment(firstAt)}` : null;
  return html`The log says ${code(said, 200)}${often}`;
}

/** Starts closer together than this become one entry. */
const closeMs = 600_000;

type Ending = 'crash' | 'stop' | 'broken' | 'runs' | 'unknown';

function starts(spans: readonly Span[], runs: boolean): readonly Happening[] {
  const endingOf = ({ start }: Span, index: number): Ending => {
    if (start.panickedAt !== null && !Number.isNaN(Date.parse(start.panickedAt))) return 'crash';
    if (start.stopped) return 'stop';
    if (!start.completed) return 'broken';
    return index === spans.length - 1 && runs ? 'runs' : 'unknown';
  };
  const series: { readonly ending: Ending; readonly of: Span[] }[] = [];
  for (const [index, span] of spans.entries()) {
    const ending = endingOf(span, index);
    const before = series.at(-1);
    const isSame = before?.ending === ending && (ending === 'broken' || ending === 'unknown');
    if (isSame && span.from - (before.of.at(-1)?.from ?? 0) < closeMs) before.of.push(span);
    else series.push({ ending, of: [span] });
  }
  return series.flatMap(({ ending, of }) => told(ending, of));
}

/** One entry for consecutive starts with the same outcome. */
function told(ending: Ending, spans: readonly Span[]): readonly Happening[] {
  const [first] = spans;
  const last = spans.at(-1);
  if (!first || !last) return [];
  const often = spans.length > 1 ? ` ${spans.length} times from ${stamp(first.from)} on` : '';
  const each = spans.length > 1 ? 'each time ' : '';
  if (ending === 'broken')
    return [
      { at: last.from, kind: 'broken', what: `The daemon started${often}, and ${each}ended before it could serve` },
    ];
  if (ending === 'unknown')
    return [
      {
        at: last.from,
        kind: 'start',
        what: `The daemon started${often}, and ${each}served. Its last line in the log is of ${stamp(last.to)}; how it ended is not known`,
      },
    ];
  const begun: Happening = {
    at: last.from,
    kind: 'start',
    what: last.start.completed ? 'The daemon started, and served' : 'The daemon started',
  };
  if (ending === 'runs') return [{ ...begun, what: 'The daemon started, and runs' }];
  return ending === 'crash'
    ? [begun, { at: Date.parse(last.start.panickedAt ?? ''), kind: 'crash', what: 'The daemon crashed (a panic)' }]
    : [begun, { at: last.to, kind: 'stop', what: 'The daemon stopped cleanly' }];
}

const dayMs = 24 * 3_600_000;

/** Sessions created on each day, by current status. */
const days = (subject: Subject): readonly Happening[] =>
  daysOf(subject).map(({ at, groups }) => ({
    // Above the other events of that day.
    at: Math.min(Date.parse(subject.report.startedAt), at + dayMs - 1),
    kind: 'session',
    isDay: true,
    what: `Sessions made on this day, by their status now: ${groups.map(([group, sessions]) => `${figure(sessions)} ${group}`).join(', ')}`,
  }));
