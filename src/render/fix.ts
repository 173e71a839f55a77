import { names } from '../coven/layout.ts';
import { command } from '../model/advice.ts';
import { count } from '../model/amounts.ts';
import { harmless } from '../model/harmless.ts';
import { lossWords } from '../model/rescue-told.ts';
import { expand as expandTokens } from '../model/shell.ts';
import type { RescueCounts, Step } from '../model/step.ts';
import type { Applied } from '../repair/engine/apply.ts';
import type { Recovered } from '../repair/engine/recover.ts';
import type { Reason } from '../repair/engine/refusal.ts';
import type { Progress } from '../repair/engine/transaction.ts';
import type { Undone } from '../repair/engine/undo.ts';
import { type NamedHome, typedLine } from './typed.ts';
import { stepWords } from './words/fix.ts';
import { reasonWords } from './words/reasons.ts';

const outcomes = {
  fixed: 'fixed',
  refused: 'refused',
  'rolled-back': 'failed, and taken back',
  failed: 'failed, and NOT fully taken back',
} as const;

const expand = (text: string, home: string): string => expandTokens(harmless(text), home);

/** The result of an undo: what it took back, or everything that prevents it. */
export function renderUndone({ undoes, runId, recovered, outcome, reasons, left }: Undone, home: NamedHome): string {
  const isUndone = outcome === 'undone';
  const lines = [
    ...recoveredLines(recovered),
    ...(isUndone
      ? [
          `Run ${undoes} is undone. To undo that in turn:`,
          `  ${typedLine(command('coven-doctor', 'undo', String(runId)), home)}`,
        ]
      : [
          undoes === null
            ? 'Nothing was undone:'
            : `Run ${undoes} is not ${outcome === 'failed' ? 'wholly ' : ''}undone:`,
        ]),
    ...reasons.filter((reason) => !isTaken(reason)).map(({ code, facts }) => `  ${reasonWords(code, facts)}`),
    ...takenLines(reasons.filter(isTaken), undoes, home),
    ...reasons.flatMap((reason) => nextOf(reason, home)),
    ...(isUndone && left.length > 0 ? ['Not undone, since Coven did it:'] : []),
    ...(isUndone ? left : []).map(({ action }) => `  ${stepWords(action)}`),
  ];
  return `${lines.map((line) => expand(line, home.path)).join('\n')}\n`;
}

const isTaken = ({ code, facts }: Reason): boolean =>
  code === 'drift' && facts.fields === 'taken' && facts.item === undefined;

/** Files that are there again, all with one way on: almost always a daemon that runs wrote them. */
function takenLines(reasons: readonly Reason[], run: string | null, home: NamedHome): readonly string[] {
  if (reasons.length === 0) return [];
  const paths = reasons.map(({ facts }) => `<coven-home>/${facts.path}`);
  return [
    `  ${paths.join(' and ')} ${paths.length === 1 ? 'exists' : 'exist'} again, so nothing was put back there.`,
    'If a daemon runs, it wrote them. Stop it, then undo again:'.replace('them', paths.length === 1 ? 'it' : 'them'),
    `  ${typedLine(command('coven-doctor', 'daemon', 'stop'), home)}`,
    `  ${typedLine(command('coven-doctor', 'undo', ...(run === null ? [] : [run])), home)}`,
    `If none runs, move ${paths.length === 1 ? 'it' : 'them'} away first.`,
  ];
}

/** The command to type after an undo was refused. */
function nextOf({ code, facts: { by, run, item } }: Reason, home: NamedHome): readonly string[] {
  if (code === 'all-undone' || code === 'already-undone')
    return ['To do it again:', `  ${typedLine(command('coven-doctor', 'undo', String(by)), home)}`];
  if (item === undefined) return [];
  return [
    `The ledger of before is kept: <coven-home>/doctor/runs/${run}/quarantine/${item}-${names.ledger}`,
    'What it holds that the ledger in place does not:',
    `  ${typedLine(command('coven-doctor', 'rescue', '--merge', String(run), '--dry-run'), home)}`,
  ];
}

export const renderRefusal = ({ code, facts }: Reason, home: string): string =>
  `${expand(`coven-doctor: ${reasonWords(code, facts)}`, home)}\n`;

/** One line for the step that is under way. */
export function renderProgress(progress: Progress, home: string): string {
  switch (progress.stage) {
    case 'backup':
      return 'Making a backup of the home, and proving it …\n';
    case 'recheck':
      return 'Checking again …\n';
    case 'take':
      return `${expand(`${progress.step.id.padStart(3)}. ${stepWords(progress.step.action)} …`, home)}\n`;
    case 'taken':
      return '';
    case 'undone':
      return `${expand(`     taken back: ${stepWords(progress.step.action)}`, home)}\n`;
  }
}

const recoveredWords = { stands: 'was complete', kept: 'is left as it is', 'rolled-back': 'was taken back' } as const;

/** What was done about interrupted runs. */
export const renderRecovered = (recovered: readonly Recovered[], home: string): string =>
  recoveredLines(recovered)
    .map((line) => `${expand(line, home)}\n`)
    .join('');

const recoveredLines = (recovered: readonly Recovered[]): readonly string[] =>
  recovered.flatMap(({ run, fixes }) => [
    `Run ${run} had been cut off:`,
    ...fixes.map(
      ({ fix, outcome, reason }) =>
        `  ${fix} ${recoveredWords[outcome]}${reason && outcome === 'kept' ? `: ${reasonWords(reason.code, reason.facts)}` : ''}`,
    ),
    ...(fixes.length === 0 ? ['  nothing of it was done'] : []),
  ]);

const damagedLedger = (home: NamedHome): readonly string[] => [
  '',
  'The ledger is damaged, so no step was taken that opens it.',
  'Do not run any coven command: opening the file can make it worse. A proven backup of the home as it is now was made:',
  `  ${typedLine(command('coven-doctor', 'backup', 'list'), home)}`,
  'See what can be rescued; the damaged ledger is not touched:',
  `  ${typedLine(command('coven-doctor', 'rescue', '--dry-run'), home)}`,
  'To get help, make a bundle and send it to support:',
  `  ${typedLine(command('coven-doctor', 'bundle'), home)}`,
];

/**
 * How to undo a run. A daemon that a repair started must be stopped first: it may be using what the run changed. Coven writes
 * to the ledger as it starts, and a rescue is undone only while nobody has written to what it put in place.
 */
function undoLines(runId: string, hasStarted: boolean, isRescue: boolean, home: NamedHome): readonly string[] {
  const until = isRescue ? ', before a daemon is started or a session runs' : '';
  return [
    ...(isRescue && hasStarted
      ? [
          'The daemon that was started may have written to the new ledger. If it has, an undo of the rescue is refused, and says what it would lose.',
        ]
      : []),
    `To undo run ${runId}${hasStarted ? ', stop the daemon first' : until}:`,
    ...(hasStarted ? [`  ${typedLine(command('coven-doctor', 'daemon', 'stop'), home)}`] : []),
    `  ${typedLine(command('coven-doctor', 'undo', runId), home)}`,
  ];
}

/** Fixes of which something is left. */
const leftOf = (fixes: Applied['fixes']): ReadonlySet<string> =>
  new Set(fixes.flatMap(({ fix, outcome }) => (outcome === 'fixed' || outcome === 'failed' ? fix : [])));

/** What the rescues of a run came to. */
export const rescuesIn = ({ fixes }: Applied, steps: readonly Step[]): readonly RescueCounts[] => {
  const fixed = fixes.filter(({ outcome }) => outcome === 'fixed').map(({ fix }) => fix);
  return steps.flatMap(({ fix, action }) =>
    action.kind === 'rescue-ledger' && fixed.includes(fix) ? [action.counts] : [],
  );
};

/** Whether a run started a daemon. */
export function startedDaemon({ fixes }: Applied, steps: readonly Step[]): boolean {
  const left = leftOf(fixes);
  return steps.some(({ fix, action: { kind } }) => left.has(fix) && /^(?:re)?start-daemon$/.test(kind));
}

/** The outcome of each fix, and how to undo the run; `hasStarted` where it or a run behind it started a daemon. */
export function renderApplied(
  applied: Applied,
  steps: readonly Step[],
  home: NamedHome,
  hasStarted = startedDaemon(applied, steps),
): string {
  const { runId, recovered, fixes } = applied;
  const left = leftOf(fixes);
  const rescued = rescuesIn(applied, steps);
  const isEndedEarly =
    recovered.length === 0 &&
    fixes.length > 0 &&
    fixes.every(({ outcome, reason }) => outcome === 'refused' && reason?.code === 'interrupted');
  const lines = [
    ...recoveredLines(recovered),
    ...fixes.map(
      ({ fix, outcome, reason }) =>
        `${outcome === 'refused' && reason?.code === 'interrupted' ? 'not done' : outcomes[outcome]}: ${fix}${reason ? `: ${reasonWords(reason.code, reason.facts)}` : ''}`,
    ),
    ...rescued.map(
      (counts) =>
        `The ledger in place is a rescued one: ${count(counts.rescued, 'row')} came back, and ${lossWords(counts)}.`,
    ),
    ...(isEndedEarly ? ['Nothing was changed.'] : []),
    ...(fixes.some(({ reason }) => reason?.code === 'unsound-ledger') ? damagedLedger(home) : []),
    ...(runId && steps.some(({ fix, undo }) => left.has(fix) && undo === 'exact')
      ? ['', ...undoLines(runId, hasStarted, rescued.length > 0, home)]
      : []),
  ];
  return `${lines.map((line) => expand(line, home.path)).join('\n')}\n`;
}
