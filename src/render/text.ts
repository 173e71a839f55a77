import { styleText } from 'node:util';
import { type CommandLine, command } from '../model/advice.ts';
import { count } from '../model/amounts.ts';
import { harmless } from '../model/harmless.ts';
import { say } from '../model/say.ts';
import { expand } from '../model/shell.ts';
import {
  type CheckReport,
  type CountedStatus,
  compareChecks,
  countedStatus,
  counts,
  isHomeAbsent,
  isRecorded,
  type Report,
  type ReportedFinding,
} from '../run/report.ts';
import { sayAccepted } from './accepted.ts';
import { advised, typeable } from './advised.ts';
import { repairOf } from './remediation.ts';
import type { RenderOptions } from './render-options.ts';
import { type NamedHome, typedLine } from './typed.ts';
import { wrap } from './wrap.ts';

/** Coven's own marks, and ours for the statuses that Coven does not have. */
const marks: Readonly<Record<CountedStatus, string>> = {
  pass: '[OK]',
  warn: '[--]',
  fail: '[!!]',
  unknown: '[??]',
  skipped: '[  ]',
  suppressed: '[~~]',
  known: '[==]',
};
const colors = {
  pass: 'green',
  warn: 'yellow',
  fail: 'red',
  unknown: 'magenta',
  skipped: 'gray',
  suppressed: 'gray',
  known: 'gray',
} as const;
const indent = ' '.repeat(5);

/** Why support should be asked, as a clause. */
export const escalations = {
  'ledger-cannot-open': 'the ledger cannot be opened whole',
  'socket-cannot-bind': 'the socket cannot be bound',
  'health-failed': 'the daemon gives no valid health answer',
  'contract-not-understood': 'the daemon answers with something that is not understood',
  'sessions-failing': 'sessions repeatedly fail or are orphaned',
} as const;

/** The report for a terminal. Role tokens are replaced by their paths. */
export function renderText(report: Report, options: RenderOptions): string {
  const { verbose, columns = 80 } = options;
  const screen = { ...options, columns, report };
  const shown = verbose
    ? report.checks
    : report.checks
        .map((check) => ({ ...check, findings: check.findings.filter(isCause) }))
        .filter(({ findings }) => findings.length > 0)
        .toSorted(compareChecks);
  const blocks = shown.flatMap((check) => check.findings.map((finding) => findingBlock(check, finding, screen)));
  const title = isHomeAbsent(report) ? 'There is no Coven home at' : 'Coven home:';
  const lines = [
    `${title} ${harmless(report.home)}${isHomeAbsent(report) ? ' yet' : ''}`,
    ...(isRecorded(report) ? [wrap(seenElsewhere(report), columns, '', '')] : []),
    ...(blocks.length > 0 ? ['', ...blocks, ''] : []),
    ...lastBlock(report, screen, verbose),
  ];
  return `${lines.join('\n')}\n`;
}

const seenElsewhere = ({ startedAt }: Report): string =>
  `Seen at ${harmless(startedAt)} on another machine, where the commands are to be typed; <coven-home> stands for the path of its home.`;

interface Screen extends RenderOptions {
  readonly columns: number;
  readonly report: Report;
}

const isFault = ({ status }: ReportedFinding): boolean => status !== 'pass' && status !== 'skipped';
const isCause = (finding: ReportedFinding): boolean => isFault(finding) && !finding.causedBy;

/** What is wrong, what to do about it, and the finding's name. */
function findingBlock({ check }: CheckReport, finding: ReportedFinding, screen: Screen): string {
  const { report, color, columns } = screen;
  const counted = countedStatus(finding);
  const mark = color ? styleText(colors[counted], marks[counted], { validateStream: false }) : marks[counted];
  const paint = (text: string): string => text.replace(marks[counted], () => mark);
  const prose = (text: string): string => wrap(expand(harmless(text), report.home), columns, indent, indent);
  const { message } = say(check, finding);
  const name = [`${check.id} ${finding.code}`, ...(check.module === undefined ? [] : [`from ${check.module}`])].join(
    ' ',
  );
  const said = isFault(finding) ? message : `${message} (${check.id})`;
  const headline = wrap(expand(sentence(said), report.home), columns, `${marks[counted]} `, indent);
  if (!isFault(finding)) return paint(headline);
  const accepted = sayAccepted(finding);
  const effects = report.checks.flatMap(({ check: other, findings }) =>
    findings
      .filter(({ causedBy }) => causedBy?.check === check.id && causedBy.code === finding.code)
      .map(({ code }) => `${other.id} ${code}`),
  );
  const foot = [name, ...(effects.length > 0 ? [`this also causes ${effects.join(', ')}`] : [])].join('; ');
  return [
    paint(headline),
    ...(accepted ? [prose(sentence(accepted))] : []),
    ...(!accepted ? adviceLines(check, finding, screen, prose) : []),
    prose(foot),
  ].join('\n');
}

/** Sentences and commands, each command on a line of its own. */
function adviceLines(
  check: CheckReport['check'],
  finding: ReportedFinding,
  { report, unattended = false }: Screen,
  prose: (text: string) => string,
): readonly string[] {
  const typed = (line: CommandLine): string => `${indent}  ${typedLine(line, homeOf(report, unattended))}`;
  const advice = advised(check, finding, report.checks, unattended);
  return (isRecorded(report) ? advice : typeable(advice)).map((part) =>
    typeof part === 'string' ? prose(part) : typed(part),
  );
}

const homeOf = ({ home, homeSource }: Report, unattended: boolean): NamedHome => ({
  ...{ path: home, unattended },
  ...(homeSource && { source: homeSource }),
});

/** Makes a clause begin like a sentence. A file name keeps its first letter. */
export function sentence(text: string): string {
  const [first = ''] = text.split(' ', 1);
  return /[./:_]/.test(first) ? text : `${text.charAt(0).toUpperCase()}${text.slice(1)}`;
}

/** The counts, and what to type next. */
function lastBlock(report: Report, { columns, unattended = false }: Screen, verbose: boolean): readonly string[] {
  const { pass, skipped } = report.summary;
  const modules = [...new Set(report.checks.flatMap(({ check }) => check.module ?? []))];
  const line = (text: string): string => wrap(expand(text, report.home), columns, '', '');
  const typed = (next: CommandLine): string => `  ${typedLine(next, homeOf(report, unattended))}`;
  const repairs = report.checks.flatMap(({ check, findings }) =>
    findings
      .filter((finding) => counts(finding) && !finding.causedBy)
      .flatMap((finding) => repairOf(check, finding, report.checks) ?? []),
  );
  // Each has a block of its own above.
  const found = report.checks.flatMap(({ findings }) =>
    findings.filter((one) => isFault(one) && counts(one) && !one.causedBy),
  ).length;
  const risks = [...new Set(repairs.flatMap((repair) => repair.risks))];
  const allow = risks.length > 0 ? ['--allow', ...risks] : [];
  return [
    line([conclusion(report), ...foldedWords(report)].join(' ')),
    ...(modules.length > 0
      ? [line(`Not part of coven-doctor, and not covered by its promises: ${modules.map(harmless).join(', ')}.`)]
      : []),
    ...(repairs.length > 1
      ? [
          line(
            `One plan fixes ${repairs.length === found ? `${found === 2 ? 'both' : `all ${found}`} of the` : `${repairs.length} of the ${found}`} problems above${repairs.some(({ before }) => before.length > 0) ? ', once the daemon is stopped' : ''}. ${unattended ? 'See it, then apply it:' : 'It is shown first, and asks:'}`,
          ),
          ...(unattended ? [typed(command('coven-doctor', 'plan', ...allow))] : []),
          typed(command('coven-doctor', '--fix', ...allow)),
        ]
      : []),
    ...(report.escalate.length > 0 && !isRecorded(report)
      ? [
          line(
            `To get help, send support this file (${report.escalate.map((reason) => escalations[reason]).join('; ')}):`,
          ),
          typed(command('coven-doctor', 'bundle')),
        ]
      : []),
    ...(verbose || pass + skipped === 0 ? [] : ['--verbose shows every check.']),
  ];
}

/** What is left after a repair, one line each, with the command that says what to do about it. */
export function renderOutcome(report: Report, home: NamedHome): string {
  const left = report.checks
    .toSorted(compareChecks)
    .flatMap(({ check, findings }) =>
      findings
        .filter((one) => isCause(one) && counts(one))
        .map(
          (one) =>
            `${marks[countedStatus(one)]} ${expand(sentence(say(check, one).message), report.home)} (${check.id})`,
        ),
    );
  const next =
    left.length > 0 ? ['This shows what to do about it:', `  ${typedLine(command('coven-doctor'), home)}`] : [];
  return `${[...left, ...(left.length > 0 ? [''] : []), conclusion(report), ...next].join('\n')}\n`;
}

/** The conclusion of the report, if it has one, and its counts. */
export const conclusion = (report: Report): string => `${report.conclusion ?? verdict(report)} ${tally(report)}`.trim();

/** `1 failed, 1 warning, 24 passed, 8 skipped.` */
function tally({ summary }: Report): string {
  const { pass, warn, fail, unknown, skipped, suppressed, known } = summary;
  const parts = [
    ...(fail > 0 ? [`${fail} failed`] : []),
    ...(unknown > 0 ? [`${unknown} could not be determined`] : []),
    ...(warn > 0 ? [count(warn, 'warning')] : []),
    `${pass} passed`,
    ...(suppressed > 0 ? [`${suppressed} suppressed`] : []),
    ...(known > 0 ? [`${known} known`] : []),
    ...(skipped > 0 ? [`${skipped} skipped`] : []),
  ];
  return `${parts.join(', ')}.`;
}

/** Checks that are counted and have no block of their own, because another's names them. */
function foldedWords({ checks }: Report): readonly string[] {
  const folded = checks.filter(
    ({ findings }) =>
      findings.some((one) => isFault(one) && counts(one)) && findings.filter(isFault).every((one) => one.causedBy),
  ).length;
  if (folded === 0) return [];
  return [
    folded === 1
      ? '1 of these follows from a problem above, which names it.'
      : `${folded} of these follow from problems above, which name them.`,
  ];
}

/** Says that nothing is wrong; empty if the counts say what is. */
export function verdict(report: Report): string {
  const { checks, summary } = report;
  if (checks.length === 0) return 'No check was run.';
  if (summary.fail + summary.unknown + summary.warn > 0) return '';
  if (summary.suppressed + summary.known > 0) return 'No problems found but those that are suppressed or known.';
  return isHomeAbsent(report) ? 'Nothing to diagnose yet.' : 'No problems found.';
}
