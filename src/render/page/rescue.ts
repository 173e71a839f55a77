import { command, shellLine } from '../../model/advice.ts';
import { bytes } from '../../model/amounts.ts';
import type { NotRescued, RescuedSession, RescueTold } from '../../model/rescue-told.ts';
import { type Html, html, type Part } from './html.ts';
import { code, facts, figure, moment, section, table } from './parts.ts';
import type { Subject } from './subject.ts';

/** At most this many earlier rescues are shown. */
const mostRuns = 3;
const mostRanges = 8;

/** What can be rescued of a damaged ledger, and what earlier rescues recovered, by table and by session. */
export function renderRescued({ made }: Subject): Html | null {
  const rescue = made?.rescue;
  if (!rescue) return null;
  const { now, runs } = rescue;
  return section(
    'rescue',
    'Rescue of the ledger',
    now === null ? null : 'outcome' in now ? notRead(now.outcome) : told('What can be rescued now', now),
    runs
      .slice(0, mostRuns)
      .map((one) => told(`Rescued in run ${one.run}${one.undone ? ', which was undone' : ''}`, one)),
    runs.length > mostRuns
      ? html`<p class="quiet">${runs.length - mostRuns} more rescues are in rescue.json.</p>`
      : null,
  );
}

const reasons: Readonly<Record<NotRescued, string>> = {
  'too-large': 'the ledger is too large to be read while a bundle is made',
  late: 'reading the ledger took longer than a bundle waits',
  'in-use': 'the ledger was written to while it was read',
  'no-room': 'there is no room on the disk for a rescued copy',
  failed: 'the rescue failed',
};

const notRead = (outcome: NotRescued): Html =>
  html`<p>What can be rescued is not known: ${Object.hasOwn(reasons, outcome) ? reasons[outcome] : reasons.failed}. This command shows it, on the machine that this page is about:</p><p class="command">${code(shellLine(command('coven-doctor', 'rescue', '--dry-run')))}</p>`;

function told(title: string, of: RescueTold): Html {
  const { tables, sessions, incomplete, unplaced, unaccounted } = of;
  return html`<h3>${title}</h3><p>${sentences(of).join(' ')}</p>
${facts(damage(of))}
${
  tables.length > 0
    ? table(
        'Rows by table',
        ['Table', 'Rescued', 'Lost', 'Uncertain'],
        tables.map((one) => [code(one.table, 80), ...[one.rescued, one.lost, one.uncertain].map(figure)]),
      )
    : null
}${
  sessions.length > 0
    ? table(
        `Sessions that are not complete or may not be, ${figure(incomplete)} in all`,
        ['Session', 'Title', 'Events rescued', 'Lost', 'Uncertain', 'Missing seq', 'Missing times (UTC)'],
        sessions.map((one) => row(one, unplaced + unaccounted > 0)),
      )
    : null
}${unplaced > 0 ? html`<p>Events that are missing and of which no index says whose they are: ${figure(unplaced)}.</p>` : null}`;
}

function sentences({ rescued, lost, uncertain, placeholders, doubts, unaccounted }: RescueTold): readonly string[] {
  if (rescued + lost + uncertain === 0) return ['No row of a ledger is in it.'];
  const rows = (count: number): string => `${figure(count)} ${count === 1 ? 'row' : 'rows'}`;
  return [
    `${rows(rescued)} rescued.`,
    ...(lost > 0
      ? [
          `${doubts > 0 ? 'At least ' : ''}${rows(lost)} lost${doubts > 0 ? ', and more may be' : ''}: what is left of the ledger still names them, and no page holds them.`,
        ]
      : []),
    ...(uncertain > 0 ? [`${rows(uncertain)} left out as uncertain: something in the ledger contradicts them.`] : []),
    ...(placeholders > 0
      ? [`Sessions that lost their own row, which a placeholder stands for: ${figure(placeholders)}.`]
      : []),
    ...(doubts > 0 ? [`Reasons why more may be lost without a trace: ${figure(doubts)}.`] : []),
    ...(unaccounted > 0
      ? [
          `Events that nothing names, told by the seqs between the others: at most ${figure(unaccounted)}. They are lost, or were deleted with their session.`,
        ]
      : []),
    ...(lost + uncertain + doubts === 0 ? ['Nothing was lost.'] : []),
  ];
}

function damage({ damage: found }: RescueTold): readonly (readonly [string, Part])[] {
  const { mainBytes, walBytes, damagedPages, damagedFrames, lostFrames, foreignWal } = found;
  return [
    ['Ledger', `${bytes(mainBytes)}, and ${bytes(walBytes)} of WAL`],
    ['Damaged pages', figure(damagedPages)],
    ['Damaged frames of the WAL', figure(damagedFrames)],
    ['Frames that are gone from the WAL', lostFrames > 0 ? figure(lostFrames) : null],
    [
      'WAL',
      foreignWal ? 'belongs to another ledger, or to another state of this one; nothing was taken from it' : null,
    ],
  ];
}

function row(session: RescuedSession, mayLackMore: boolean): readonly Part[] {
  const { id, title, placeholder, rescued, lost, uncertain, likely, eventless, missingFrom, missingUntil } = session;
  const seqs = [...session.seqs, ...(likely?.seqs ?? [])];
  const ranges = seqs.slice(0, mostRanges).map(([first, last]) => (first === last ? `${first}` : `${first}–${last}`));
  const more = likely ? `, and most likely ${figure(likely.lost + likely.unaccounted)} more` : '';
  const isSilent = eventless && lost + uncertain === 0;
  const gone = isSilent ? 'perhaps all: it ran' : `${mayLackMore && lost > 0 ? 'at least ' : ''}${figure(lost)}${more}`;
  return [
    id === '' ? 'not known' : code(id, 60),
    placeholder ? 'its own row is lost' : typeof title === 'string' ? code(title, 80) : 'not kept',
    ...[figure(rescued), gone, figure(uncertain)],
    ranges.length > 0 ? `${ranges.join(', ')}${seqs.length > mostRanges ? ', …' : ''}` : 'none',
    missingFrom === null ? 'not known' : html`${moment(missingFrom)} to ${moment(missingUntil)}`,
  ];
}
