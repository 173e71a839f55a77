import { codesOf } from '../model/check.ts';
import { harmless } from '../model/harmless.ts';
import { say } from '../model/say.ts';
import { expand } from '../model/shell.ts';
import type { CheckReport } from '../run/report.ts';
import { advised, typeable } from './advised.ts';
import { type NamedHome, typedLine } from './typed.ts';
import { wrap } from './wrap.ts';

/** The width of the screen, at most what is comfortable to read. */
const columns = 100;

/**
 * What a check decides, its causes, and the chain from observations of this home to its findings. `others` are all checks of the
 * same report: more than this one where its advice depends on them.
 */
export function renderExplain(
  { check, findings }: CheckReport,
  others: readonly CheckReport[],
  home: NamedHome,
): string {
  const lines = [
    `${check.id}: ${harmless(check.title)}.`,
    '',
    wrap(harmless(check.explain), columns, '', ''),
    '',
    ...(check.module ? [`From:     ${harmless(check.module)}, which is not part of coven-doctor`] : []),
    `Looks at: ${[...check.needs, ...(check.wants ?? [])].join(', ')}`,
    ...(others.length > 1
      ? ['          The other checks were run, too: what to do here depends on what they find.']
      : []),
    `Causes:   ${codesOf(check).join(', ')}`,
    '',
    'Here, now:',
  ];
  for (const finding of findings) {
    const { message } = say(check, finding);
    lines.push(`  ${finding.status} ${finding.code}: ${expand(message, home.path)}`);
    for (const { observation, field, value } of finding.evidence) {
      lines.push(`    because ${observation} ${harmless(field)} is ${harmless(String(value ?? 'none'))}`);
    }
    if (finding.causedBy) lines.push(`    caused by ${finding.causedBy.check} ${finding.causedBy.code}`);
    const prose = (text: string): string => wrap(expand(harmless(text), home.path), columns, '    ', '    ');
    const advice = typeable(advised(check, finding, others));
    lines.push(...advice.map((part) => (typeof part === 'string' ? prose(part) : `      ${typedLine(part, home)}`)));
  }
  return `${lines.join('\n')}\n`;
}
