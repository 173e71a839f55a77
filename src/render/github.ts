import { count } from '../model/amounts.ts';
import type { Check } from '../model/check.ts';
import { harmless } from '../model/harmless.ts';
import { adviceOf, say } from '../model/say.ts';
import type { Judged } from '../run/accepted.ts';
import { compareChecks, countedStatus, fails, type Report } from '../run/report.ts';

/** Annotations of one level that GitHub shows for a step. It drops all others silently. */
const shown = 10;

type Level = 'error' | 'warning' | 'notice';

interface Annotation {
  readonly level: Level;
  readonly title: string;
  readonly message: string;
}

/**
 * Workflow commands that make annotations: findings that set the exit code are errors, other warnings are warnings, and
 * all suppressed or known ones are one notice. Worst first. Those that GitHub would drop are merged into the last of a level.
 */
export function renderGithub(report: Report): string {
  const annotations = report.checks
    .toSorted(compareChecks)
    .flatMap(({ check, findings }) => findings.flatMap((finding) => annotate(check, finding, report) ?? []));
  // What a command concludes, as `Ready to upgrade …`, is no finding.
  const concluded: readonly Annotation[] = report.conclusion
    ? [{ level: 'notice', title: 'coven-doctor', message: harmless(report.conclusion) }]
    : [];
  const levels: readonly Level[] = ['error', 'warning', 'notice'];
  return [...concluded, ...levels.flatMap((level) => within(annotations.filter((one) => one.level === level)))]
    .map(({ level, title, message }) => `::${level} title=${property(title)}::${data(message)}\n`)
    .join('');
}

function annotate(check: Check, finding: Judged, { threshold }: Report): Annotation | undefined {
  const counted = countedStatus(finding);
  if (counted === 'pass' || counted === 'skipped') return undefined;
  const { message } = say(check, finding);
  const next = adviceOf(check, finding).map(({ text, isCommand }) => (isCommand ? `  ${text}` : text));
  const title = harmless(`${check.id} ${counted} ${finding.code}`);
  if (counted === 'suppressed' || counted === 'known') return { level: 'notice', title, message };
  const level = fails(finding, threshold) || counted === 'unknown' ? 'error' : 'warning';
  return { level, title, message: next.length > 0 ? `${message}\nNext: ${next.join('\n').trimStart()}` : message };
}

/** At most as many as GitHub shows, and one notice. */
function within(annotations: readonly Annotation[]): readonly Annotation[] {
  const [first] = annotations;
  if (!first) return [];
  const room = first.level === 'notice' ? 1 : shown;
  if (annotations.length <= room) return annotations;
  const rest = annotations.slice(room - 1);
  const merged = {
    level: first.level,
    title: first.level === 'notice' ? `${rest.length} suppressed or known` : `${count(rest.length, 'more finding')}`,
    message: rest.map(({ title, message }) => `${title}: ${message.split('\n', 1)[0]}`).join('\n'),
  };
  return [...annotations.slice(0, room - 1), merged];
}

// Escapes that the runner reverts. Line ends are only ours, because titles and words are harmless already.
const data = (text: string): string => text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
const property = (text: string): string => data(text).replaceAll(':', '%3A').replaceAll(',', '%2C');
