import { count } from '../../model/amounts.ts';
import type { StoreSessions } from '../../model/observation.ts';
import { clipped, type Html, html } from './html.ts';
import { code, figure, moment, section, stamp, table } from './parts.ts';
import { daysOf, shadeOf } from './session-days.ts';
import type { Subject } from './subject.ts';

/** At most this many open sessions are listed by name. */
const named = 20;

/** Sessions by current status and day of creation, then the open ones. */
export function renderSessions(subject: Subject): Html {
  const sessions = subject.seen['store.sessions'];
  const title = 'Sessions';
  if (sessions?.outcome !== 'read') return section('sessions', title, html`<p>The session rows could not be read.</p>`);
  const all = Object.values(sessions.byStatus).reduce((sum, rows) => sum + rows, 0);
  const statuses = Object.entries(sessions.byStatus).toSorted(([, a], [, b]) => b - a);
  return section(
    'sessions',
    title,
    html`<p class="quiet">${count(all, 'session')} in the ledger. In the last 24 hours ${sessions.recent.made} were made, ${sessions.recent.failed} of them failed and ${sessions.recent.orphaned} were orphaned.</p>`,
    all > 0 ? shares(statuses, all) : null,
    byDay(subject),
    open(sessions),
  );
}

function shares(statuses: readonly (readonly [string, number])[], all: number): Html {
  return html`<ul class="legend">${statuses
    .slice(0, 12)
    .map(
      ([status, rows]) =>
        html`<li><svg aria-hidden="true" width="14" height="14"><rect class="${shadeOf(status)}" width="14" height="14" rx="3"/></svg> ${clipped(status, 40)} <strong>${figure(rows)}</strong> <span class="quiet">${Math.round((100 * rows) / all)} %</span></li>\n`,
    )}</ul>`;
}

function byDay(subject: Subject): Html | null {
  const days = daysOf(subject);
  if (days.length === 0) return null;
  return html`<details><summary>Sessions by day</summary>${table(
    'Sessions by day, UTC',
    ['Day', 'Made', 'Their status now'],
    days
      .toReversed()
      .map(({ at, total, groups }) => [
        stamp(at).slice(0, '2026-11-25'.length),
        figure(total),
        groups.map(([group, rows]) => `${figure(rows)} ${group}`).join(', '),
      ]),
  )}</details>`;
}

function open({ open: rows, openComplete }: StoreSessions): Html | null {
  if (rows.length === 0) return null;
  const many = `${rows.length}${openComplete ? '' : ' or more'}`;
  return table(
    rows.length > named ? `The newest ${named} of ${many} open sessions` : 'Open sessions',
    ['Session', 'Status', 'Harness', 'Made (UTC)', 'Changed', 'Recorded by'],
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
