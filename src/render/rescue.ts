import { command } from '../model/advice.ts';
import { bytes, grouped } from '../model/amounts.ts';
import { harmless } from '../model/harmless.ts';
import { isUndamaged } from '../rescue/outcome.ts';
import type { RescueProgress, RescueReport, TableReport } from '../rescue/report.ts';
import type { LongStep } from './long-work.ts';
import { counted, seqWords, sessionLines } from './rescued-sessions.ts';
import { type NamedHome, typedLine } from './typed.ts';

const phases: Readonly<Record<RescueProgress['phase'], string>> = {
  read: 'Reading pages',
  decide: 'Comparing copies and indexes',
  write: 'Writing rows',
  index: 'Building indexes',
  check: 'Checking the rescued ledger',
};

/** Progress of pages is counted in bytes, of writing in rows. */
export const rescueStep = ({ phase, of }: RescueProgress): LongStep => ({
  title: phases[phase],
  unit: phase === 'read' ? 'bytes' : phase === 'write' ? 'rows' : null,
  of,
});

/** A sound backup that may hold what the ledger lost. */
export interface Offer {
  readonly id: string;
  readonly madeAt: string;
  readonly sessions: number;
  readonly events: number;
}

/** Backups that may hold lost rows, and the commands that show which. `folder` are the words that name the folder that was looked in, too. */
export function offerLines(offers: readonly Offer[], home: NamedHome, folder: readonly string[]): readonly string[] {
  const lines = offers.flatMap(({ id, madeAt, sessions, events }) => [
    `  ${madeAt}: ${counted(sessions, 'session')}, ${counted(events, 'event')}`,
    `    ${typedLine(command('coven-doctor', 'rescue', '--merge', id, ...folder, '--dry-run'), home)}`,
  ]);
  return lines.length === 0 ? [] : ['Sound backups that may hold what is lost, and what shows it:', ...lines, ''];
}

/** The report of a rescue, for a person. */
export function renderRescue(
  report: RescueReport,
  {
    ledger,
    output,
    place,
    opened,
    next,
    offers,
  }: {
    readonly ledger: string;
    readonly output: string | null;
    /** The rescued ledger is to replace the damaged one. The question follows. */
    readonly place: 'asked' | null;
    /** The command that carries out what a dry run showed. */
    readonly next: string | null;
    /** What is to be looked at before that. */
    readonly offers: readonly string[];
    /** The version of the Coven that opened a copy of it. */
    readonly opened: string | null;
  },
): string {
  const { source, tables, uncertain, placeholders, refused, doubts, merge } = report;
  const rescued = tables.reduce((sum, table) => sum + table.rescued, 0);
  const of = (name: string): number => tables.find(({ table }) => table === name)?.rescued ?? 0;
  const wal = source.walBytes > 0 ? ` and its WAL (${bytes(source.walBytes)})` : '';
  const isSound = isUndamaged(report);
  const lines = [
    `${isSound ? 'Ledger' : 'Damaged ledger'}: ${harmless(ledger)} (${bytes(source.mainBytes)})${wal}`,
    ...(isSound ? ['This ledger is not damaged: all of its pages were read, and no row is missing.'] : []),
    '',
    `${counted(rescued, 'row')} ${isSound ? 'read' : 'rescued'}: ${counted(of('sessions'), 'session')}, ${counted(of('events'), 'event')}, ${grouped(rescued - of('sessions') - of('events'))} other.`,
    ...lostLines(report),
    ...(uncertain > 0
      ? [`${counted(uncertain, 'row')} left out as uncertain: something in the ledger contradicts ${them(uncertain)}.`]
      : []),
    ...(placeholders > 0
      ? [
          `${counted(placeholders, 'session')} lost ${placeholders === 1 ? 'its' : 'their'} own row. A placeholder with the true id keeps the events.`,
        ]
      : []),
    ...(source.foreignWal
      ? ['The WAL belongs to another ledger, or to another state of this one. Nothing was taken from it.']
      : []),
    ...mergeLines(report),
    ...doubts.map((doubt) => `Not certain: ${doubt}.`),
    ...(report.complete && !isSound ? ['Nothing was lost.'] : []),
    ...section(`Sessions that are not complete${report.unaccounted ? ', or may not be' : ''}:`, sessionLines(report)),
    ...section('Tables:', tableLines(tables)),
    ...section(
      'Could not be made again:',
      refused.slice(0, 20).map(({ name, why }) => `  ${harmless(name)}: ${harmless(why)}`),
    ),
    '',
    checkLine(report),
    ...(opened === null ? [] : [`Coven ${harmless(opened)} opens a copy of it.`]),
    ...(offers.length > 0 ? ['', ...offers] : []),
    ...(place === 'asked'
      ? [
          'The damaged ledger is kept. `coven-doctor undo` puts it back as long as no daemon was started and no session has run: what those write to the new ledger would be lost with it.',
        ]
      : output === null
        ? isSound && !merge
          ? ['Nothing was changed, and nothing has to be rescued.']
          : [
              `Nothing was changed. ${offers.length > 0 ? 'Without a backup, this' : 'This'} rescues it, and keeps the damaged ledger:`,
              `  ${next}`,
            ]
        : [`The rescued ledger is ${harmless(output)} (${bytes(report.bytes)}). The damaged one was not changed.`]),
  ];
  return `${lines.join('\n')}\n`;
}

/** What is lost, what may be, and how that is known. */
function lostLines({ lost, doubts, unaccounted }: RescueReport): readonly string[] {
  const mayBeMore = doubts.length > 0;
  const { events, seqs, last } = unaccounted ?? { events: 0, seqs: [], last: null };
  return [
    ...(lost > 0
      ? [
          `${mayBeMore ? 'At least ' : ''}${counted(lost, 'row')} lost${mayBeMore ? ', and more may be' : ''}: what is left of the ledger still names ${them(lost)}, and no page holds ${them(lost)}.`,
        ]
      : mayBeMore
        ? ['Rows may be lost without a trace.']
        : []),
    ...(events > 0
      ? [
          `Up to ${lost > 0 ? counted(events, 'more event') : counted(events, 'event')} may be lost: nothing names seq ${seqWords(seqs, events)}. Coven numbers events one after the other, so what had these numbers is lost, or was deleted with its session.`,
        ]
      : []),
    ...(last === null ? [] : [`Whether there were events after seq ${last} is not known.`]),
  ];
}

const them = (count: number): string => (count === 1 ? 'it' : 'them');

/** Rows merged from another ledger, and rows of that one that were not. */
function mergeLines({ merge }: RescueReport): readonly string[] {
  if (!merge) return [];
  const { way, sessions, rows, events, moved, taken, leftOut } = merge;
  const named = taken.slice(0, 5).map(({ session, events: own }) => `${harmless(session)} (${counted(own, 'event')})`);
  const more = sessions > 5 ? `, and ${grouped(sessions - 5)} more` : '';
  return [
    `Filled from the other ledger: ${counted(rows, 'session')} and ${counted(events, 'event')}, of ${counted(sessions, 'session')}${named.length > 0 ? `: ${named.join(', ')}${more}` : ''}. These are as old as that ledger.`,
    ...(way === 'join'
      ? ['The two ledgers have no session and no event in common, so all of the other one was taken.']
      : []),
    ...(moved > 0
      ? [`${counted(moved, 'event')} got a new seq, since another event has theirs; the order is kept.`]
      : []),
    ...(leftOut.sessions + leftOut.events > 0
      ? [
          `Left out of the other ledger: ${counted(leftOut.sessions, 'session')} and ${counted(leftOut.events, 'event')} that this ledger does not name. They were deleted since, or lost without a trace: which of the two cannot be told.`,
          ...leftOut.ids.slice(0, 10).map((id) => `  ${harmless(id)}`),
          'One that nobody deleted comes, too, with `--session ID`, which may be repeated.',
        ]
      : []),
  ];
}

const section = (title: string, lines: readonly string[]): readonly string[] =>
  lines.length === 0 ? [] : ['', title, ...lines];

function tableLines(tables: readonly TableReport[]): readonly string[] {
  const shown = tables.filter(({ rescued, lost, uncertain }) => rescued + lost + uncertain > 0);
  if (shown.length === 0) return [];
  const width = Math.max(...shown.map(({ table }) => table.length), 5) + 2;
  const row = (name: string, cells: readonly string[]): string =>
    `  ${harmless(name).padEnd(width)}${cells.map((cell) => cell.padStart(11)).join('')}`;
  return [
    row('', ['rescued', 'lost', 'uncertain']),
    ...shown.map(({ table, rescued, lost, uncertain }) => row(table, [rescued, lost, uncertain].map(grouped))),
  ];
}

function checkLine({ checks }: RescueReport): string {
  const wrong = [
    ...checks.integrity.slice(0, 3),
    ...(checks.foreignKeys > 0 ? [`${counted(checks.foreignKeys, 'broken foreign key')}`] : []),
    ...(checks.search === null ? [] : [`full-text index: ${checks.search}`]),
  ];
  return wrong.length === 0
    ? 'The rescued ledger passes the checks of pages, foreign keys and full-text index.'
    : `The rescued ledger does not pass its checks: ${wrong.map(harmless).join('; ')}`;
}

/** A merge that would put the same ledger in place. `isLossKept`: a run keeps an account of what an earlier rescue lost. */
export const renderUseless = (isLossKept: boolean, home: NamedHome): string =>
  [
    'Nothing to do: the ledger is not damaged, and the other one holds nothing that it is known to lack. Nothing was changed.',
    ...(isLossKept
      ? [
          'An earlier rescue lost rows. To fill them by what the damaged ledger named, take that rescue back first, then merge:',
          `  ${typedLine(command('coven-doctor', 'undo'), home)}`,
        ]
      : []),
    '',
  ].join('\n');

/** The outcome of a rescue in place. `words` are the options that it was started with. */
export function renderPlaced(
  outcome: 'done' | 'not-agreed' | 'refused' | 'failed',
  run: string,
  why: string | null,
  words: readonly string[],
  home: NamedHome,
): string {
  if (outcome === 'done')
    return [
      `Done. The rescued ledger is in place. The damaged one is kept in doctor/runs/${run}/quarantine.`,
      'The daemon is not running, as before. Check the home, then start the daemon:',
      `  ${typedLine(command('coven-doctor'), home)}`,
      `  ${typedLine(command('coven', 'daemon', 'start'), home)}`,
      'To put the damaged ledger back instead, before a daemon is started or a session runs (an undo is refused after that):',
      `  ${typedLine(command('coven-doctor', 'undo', run), home)}`,
      '',
    ].join('\n');
  if (outcome === 'not-agreed')
    return `Not done: it was not agreed to. To agree without being asked:\n  ${typedLine(command('coven-doctor', 'rescue', ...words, '--yes'), home)}\n`;
  const reason = why === null ? '' : `: ${harmless(why)}`;
  return outcome === 'refused'
    ? `Refused${reason}. Nothing was changed.\n`
    : `Failed${reason}. The ledger is as it was, if nothing else is said.\n`;
}
