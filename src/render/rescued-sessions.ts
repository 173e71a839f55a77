import { count, grouped } from '../model/amounts.ts';
import { harmless } from '../model/harmless.ts';
import { isIncomplete } from '../rescue/outcome.ts';
import type { RescueReport, SeqRange, SessionReport } from '../rescue/report.ts';

/** `1,000,000 events`: a ledger has many. */
export const counted = (value: number, one: string): string =>
  `${grouped(value)}${count(value, one).slice(String(value).length)}`;

const shownSessions = 50;
const shownRanges = 8;

/** `297-300, 349, ...`: the first ranges of `of` seqs. */
export function seqWords(seqs: readonly SeqRange[], of: number): string {
  const shown = seqs.slice(0, shownRanges);
  const told = shown.reduce((sum, [first, last]) => sum + last - first + 1, 0);
  const words = shown.map(([first, last]) => (first === last ? `${first}` : `${first}-${last}`));
  return `${words.join(', ')}${told < of ? ', ...' : ''}`;
}

/** Sessions of which something is missing or may be, then what is missing of no known session. */
export function sessionLines({ sessions, incompleteSessions, unaccounted }: RescueReport): readonly string[] {
  const hurt = sessions.filter(isIncomplete);
  const unplaced = sessions.find(({ id }) => id === '');
  const mayLackMore = unplaced !== undefined || unaccounted !== null;
  return [
    ...hurt.slice(0, shownSessions).flatMap((session) => linesOf(session, mayLackMore)),
    ...(incompleteSessions > shownSessions
      ? [
          `  and ${grouped(incompleteSessions - shownSessions)} more; --json names ${hurt.length < incompleteSessions ? `${grouped(hurt.length)} of them` : 'all'}`,
        ]
      : []),
    ...(unplaced ? unplacedLines(unplaced) : []),
  ];
}

function linesOf(session: SessionReport, mayLackMore: boolean): readonly string[] {
  const { id, title, status, lost, uncertain, rescued, placeholder, likely, eventless } = session;
  const shown = title === null ? '' : ` "${harmless(title.length > 60 ? `${title.slice(0, 60)}...` : title)}"`;
  const counts = [
    counted(rescued, 'event'),
    ...(lost > 0 ? [`${mayLackMore ? 'at least ' : ''}${grouped(lost)} lost`] : []),
    ...(uncertain > 0 ? [`${grouped(uncertain)} uncertain`] : []),
    ...(placeholder ? ['its own row is lost'] : []),
    ...(eventless && lost + uncertain === 0
      ? [`though its row says that it ran (${harmless(String(status))}): all of its events may be lost`]
      : []),
  ];
  return [`  ${harmless(id)}${shown}: ${counts.join(', ')}`, ...missingLines(session), ...likelyLines(likely)];
}

function missingLines({ lost, uncertain, missingSeqs, missingTimes }: SessionReport): readonly string[] {
  if (missingSeqs.length === 0) return [];
  const times = missingTimes ? `, ${harmless(missingTimes[0])} to ${harmless(missingTimes[1])}` : '';
  return [`    missing seq ${seqWords(missingSeqs, lost + uncertain)}${times}`];
}

function likelyLines(likely: SessionReport['likely']): readonly string[] {
  if (!likely) return [];
  const { lost, unaccounted, seqs } = likely;
  const parts = [
    ...(lost > 0 ? [`${grouped(lost)} lost`] : []),
    ...(unaccounted > 0 ? [`up to ${grouped(unaccounted)} that may be lost`] : []),
  ];
  return [
    `    most likely of this session, too: ${parts.join(' and ')}, seq ${seqWords(seqs, lost + unaccounted)}; the events around them are of it`,
  ];
}

/** Lost events of which no index says whose they are; not a session, and not counted as one. */
function unplacedLines({ lost, uncertain, missingSeqs }: SessionReport): readonly string[] {
  const parts = [
    ...(lost > 0 ? [`${counted(lost, 'event')} lost`] : []),
    ...(uncertain > 0 ? [`${counted(uncertain, 'event')} uncertain`] : []),
  ];
  return [
    `  session not known: ${parts.join(', ')}, of the sessions whose events are around them; no index says whose they are`,
    `    missing seq ${seqWords(missingSeqs, lost + uncertain)}`,
  ];
}
