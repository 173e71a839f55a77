import { count } from '../../model/amounts.ts';
import type { StoreSessions } from '../../model/observation.ts';
import { clipped, type Html, html } from './html.ts';
import { code, figure, moment, percent, section, table } from './parts.ts';
import type { Subject } from './subject.ts';

/** Statuses of Coven, from the bottom of a column to its top, each with its colour; others are one. */
const shades = ['completed', 'running', 'idle', 'created', 'killed', 'cancelled', 'orphaned', 'failed'] as const;
const other = 'other';
const groups = [...shades, other];
const groupOf = (status: string): string => shades.find((shade) => shade === status) ?? other;

const days = 30;
const dayMs = 24 * 3_600_000;
/** No ledger counts so many: a bundle may say anything. */
const tooMany = 1e9;
const height = 140;

/** Open sessions that are named. */
const named = 20;

/** Sessions by their status now and the day that they were made on, and those that are open. */
export function renderSessions({ report, seen }: Subject): Html {
  const sessions = seen['store.sessions'];
  const title = 'Sessions';
  if (sessions?.outcome !== 'read') return section('sessions', title, html`<p>The session rows could not be read.</p>`);
  const all = Object.values(sessions.byStatus).reduce((sum, rows) => sum + rows, 0);
  const statuses = Object.entries(sessions.byStatus).toSorted(([, a], [, b]) => b - a);
  return section(
    'sessions',
    title,
    html`<p class="quiet">${count(all, 'session')} in the ledger. In the last 24 hours ${sessions.recent.made} were made, ${sessions.recent.failed} of them failed and ${sessions.recent.orphaned} were orphaned.</p>`,
    all > 0 ? shares(statuses, all) : null,
    columns(sessions.byDay, Date.parse(report.startedAt)),
    open(sessions),
  );
}

function shares(statuses: readonly (readonly [string, number])[], all: number): Html {
  return html`<ul class="legend">${statuses
    .slice(0, 12)
    .map(
      ([status, rows]) =>
        html`<li><svg aria-hidden="true" width="14" height="14"><rect class="s-${groupOf(status)}" width="14" height="14" rx="3"/></svg> ${clipped(status, 40)} <strong>${figure(rows)}</strong> <span class="quiet">${Math.round((100 * rows) / all)} %</span></li>\n`,
    )}</ul>`;
}

function columns(byDay: StoreSessions['byDay'], now: number): Html | null {
  const dates = Array.from({ length: days }, (_, index) =>
    new Date(now - (days - 1 - index) * dayMs).toISOString().slice(0, '2026-11-25'.length),
  );
  const counts = dates.map((date) =>
    groups.map((group) => sum(byDay, (entry) => entry.day === date && groupOf(entry.status) === group)),
  );
  const totals = counts.map((column) => column.reduce((total, rows) => total + rows, 0));
  const most = Math.max(...totals);
  if (most === 0) return html`<p>No session was made in the last ${days} days.</p>`;
  const bars = counts.map((column, index) => {
    let top = height;
    return column.map((rows, group) => {
      if (rows === 0) return null;
      const tall = Math.max(2, (rows / most) * (height - 4));
      top -= tall;
      return html`<rect class="s-${groups[group] ?? other}" x="${percent((index + 0.12) / days)}" width="${percent(0.76 / days)}" y="${Math.max(0, top).toFixed(1)}" height="${tall.toFixed(1)}"/>`;
    });
  });
  const busiest = dates[totals.indexOf(most)] ?? '';
  const label = `Sessions made on each of the last ${days} days, by their status now; at the most ${most}, on ${busiest}. The table below tells every day.`;
  const told = dates.flatMap((date, index) =>
    totals[index] ? [{ date, column: counts[index] ?? [], total: totals[index] }] : [],
  );
  return html`<figure class="days"><figcaption>By the day that they were made on; at the most ${most} a day</figcaption>
<svg role="img" aria-label="${label}" width="100%" height="${height}"><line class="axis" x1="0" x2="100%" y1="${height}" y2="${height}"/>${bars}</svg>
<p class="ends"><span>${dates[0] ?? ''}</span><span>${dates.at(-1) ?? ''}</span></p></figure>
<details><summary>The same as a table</summary>${table(
    'Sessions by day, UTC',
    ['Day', 'Made', 'Their status now'],
    told
      .toReversed()
      .map(({ date, column, total }) => [
        date,
        total,
        column.flatMap((rows, group) => (rows > 0 ? [`${rows} ${groups[group]}`] : [])).join(', '),
      ]),
  )}</details>`;
}

const sum = (byDay: StoreSessions['byDay'], takes: (entry: StoreSessions['byDay'][number]) => boolean): number =>
  byDay
    .filter((entry) => entry.sessions > 0 && entry.sessions < tooMany && takes(entry))
    .reduce((total, { sessions }) => total + sessions, 0);

function open({ open: rows, openComplete }: StoreSessions): Html | null {
  if (rows.length === 0) return null;
  const many = `${rows.length}${openComplete ? '' : ' or more'}`;
  return table(
    rows.length > named ? `The newest ${named} of ${many} open sessions` : 'Open sessions',
    ['Session', 'Status', 'Harness', 'Made (UTC)', 'Changed', 'Whose'],
    rows
      .slice(0, named)
      .map(({ id, status, harness, createdAt, updatedAt, external }) => [
        code(id, 40),
        code(status, 40),
        code(harness, 40),
        moment(createdAt),
        moment(updatedAt),
        external ? 'registered from outside' : 'Coven’s',
      ]),
  );
}
