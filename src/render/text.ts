import { styleText } from 'node:util';
import { count } from '../model/amounts.ts';
import { harmless } from '../model/harmless.ts';
import { expand } from '../model/shell.ts';
import {
  type CheckReport,
  compareChecks,
  counts,
  isHomeAbsent,
  leadOf,
  type Report,
  type ReportedFinding,
  type Standing,
  standing,
} from '../report.ts';
import { sayAccepted } from './accepted.ts';
import type { RenderOptions } from './format.ts';
import { hasRemedy } from './remediation.ts';
import { bundleStep } from './steps.ts';
import { say } from './words.ts';

/** Coven's own marks, and some for what it does not know. */
const marks: Readonly<Record<Standing, string>> = {
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

/** Why support should be asked, as a clause. */
export const escalations = {
  'ledger-cannot-open': 'the ledger cannot be opened whole',
  'socket-cannot-bind': 'the socket cannot be bound',
  'health-failed': 'the daemon gives no valid health answer',
  'contract-not-understood': 'the daemon answers with something that is not understood',
  'sessions-failing': 'sessions end as failed or orphaned again and again',
} as const;

/** The report for a terminal. Role tokens become the paths that they stand for. */
export function renderText(report: Report, options: RenderOptions): string {
  const { verbose } = options;
  const { home } = report;
  const shown = verbose
    ? report.checks
    : report.checks
        .map((check) => ({ ...check, findings: check.findings.filter(isCause) }))
        .filter(({ findings }) => findings.length > 0)
        .toSorted(compareChecks);
  const width = Math.max(0, ...shown.map(({ check }) => check.id.length));
  const { pass, warn, fail, unknown, skipped, suppressed, known } = report.summary;
  const totals = [
    `${pass} ok`,
    ...(fail > 0 ? [`${fail} failed`] : []),
    ...(unknown > 0 ? [`${unknown} unknown`] : []),
    ...(warn > 0 ? [count(warn, 'warning')] : []),
    ...(suppressed > 0 ? [`${suppressed} suppressed`] : []),
    ...(known > 0 ? [`${known} known`] : []),
    ...(skipped > 0 ? [`${skipped} not asked`] : []),
  ];
  const lines = [
    isHomeAbsent(report) ? `There is no Coven home at ${harmless(home)} yet` : `Coven home ${harmless(home)}`,
    '',
    ...shown.flatMap((check) => checkLines(check, width, options)),
    ...(verbose ? [] : consequences(report, width)),
    ...(shown.length > 0 ? [''] : []),
    verdict(report),
    `${totals.join(', ')}.${verbose || pass + skipped === 0 ? '' : ' --verbose shows every check.'}`,
    ...remedies(report),
    ...guests(report),
    ...report.escalate.map((reason) => `Ask for support: ${escalations[reason]}.`),
    ...(report.escalate.length > 0 ? [`Before anything is changed: ${bundleStep}.`] : []),
  ];
  return `${lines.map((line) => expand(line, home)).join('\n')}\n`;
}

/** What is not ours is named, whatever it said: the promise to change nothing does not cover it. */
function guests({ checks }: Report): readonly string[] {
  const modules = [...new Set(checks.flatMap(({ check }) => check.module ?? []))];
  return modules.length > 0 ? [`Not ours, and outside what is promised: ${modules.map(harmless).join(', ')}.`] : [];
}

/** What --fix knows a remedy for; whether something is in its way is told by its plan. */
function remedies({ checks }: Report): readonly string[] {
  const mended = checks.filter(({ check, findings }) =>
    findings.some((finding) => counts(finding) && hasRemedy(check, finding)),
  );
  const ids = mended.map(({ check }) => check.id).join(', ');
  return ids === '' ? [] : [`Remedies are known for ${ids}: coven-doctor --fix shows its plan, and asks.`];
}

const isFault = ({ status }: ReportedFinding): boolean => status !== 'pass' && status !== 'skipped';
const isCause = (finding: ReportedFinding): boolean => isFault(finding) && !finding.causedBy;

/** One line for all that follows from the causes above. */
function consequences({ checks }: Report, width: number): readonly string[] {
  const names = checks.flatMap(({ check, findings }) =>
    findings.filter(({ causedBy }) => causedBy).map(({ code }) => `${check.id} (${code})`),
  );
  return names.length > 0 ? [`${' '.repeat(width + 7)}that brings with it: ${names.join(', ')}`] : [];
}

function checkLines({ check, findings }: CheckReport, width: number, { color }: RenderOptions): readonly string[] {
  return findings.flatMap((finding, index) => {
    const { message, hint } = say(check, finding);
    const accepted = sayAccepted(finding);
    const counted = standing(finding);
    const mark = marks[counted];
    const id = (index === 0 ? check.id : '').padEnd(width);
    const from = check.module ? ` (${harmless(check.module)})` : '';
    const line = `${color ? styleText(colors[counted], mark, { validateStream: false }) : mark} ${id}  ${message}${from}`;
    const indent = ' '.repeat(width + 7);
    return [line, ...(accepted ? [`${indent}${accepted}`] : []), ...(hint ? [`${indent}→ ${hint}`] : [])];
  });
}

/** One sentence: what is wrong, or that nothing is, and what to do next. */
export function verdict(report: Report): string {
  const { checks, summary, complete } = report;
  if (summary.fail + summary.unknown + summary.warn === 0) {
    return summary.suppressed + summary.known > 0
      ? 'Nothing is wrong but what is suppressed or known.'
      : isHomeAbsent(report)
        ? 'Nothing to diagnose yet.'
        : 'Nothing is wrong.';
  }
  const [worst] = checks.toSorted(compareChecks);
  if (!worst) return 'Nothing was asked.';
  const { message, hint } = say(worst.check, leadOf(worst));
  const next = hint ? `; next: ${hint}` : '';
  if (summary.fail > 0) return `Wrong: ${message}${next}.`;
  if (isHomeAbsent(report)) return `There is nothing to diagnose yet: ${message}${next}.`;
  return complete
    ? `It works; look at this: ${message}${next}.`
    : `Not everything could be determined: ${message}${next}.`;
}
