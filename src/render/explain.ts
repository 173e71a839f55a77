import { codesOf } from '../model/check.ts';
import { harmless } from '../model/harmless.ts';
import type { CheckReport } from '../run/report.ts';
import { say } from './words.ts';

/** What a check decides, its causes, and the chain from what was seen here to its findings. */
export function renderExplain({ check, findings }: CheckReport): string {
  const lines = [
    `${check.id}: ${harmless(check.title)}.`,
    '',
    ...wrap(harmless(check.explain), 100),
    '',
    ...(check.module ? [`From:     ${harmless(check.module)}, which is not part of coven-doctor`] : []),
    `Looks at: ${[...check.needs, ...(check.wants ?? [])].join(', ')}`,
    `Causes:   ${codesOf(check).join(', ')}`,
    '',
    'Here, now:',
  ];
  for (const finding of findings) {
    const { message, hint } = say(check, finding);
    lines.push(`  ${finding.status} ${finding.code}: ${message}`);
    for (const { observation, field, value } of finding.evidence) {
      lines.push(`    because ${observation} ${harmless(field)} = ${harmless(String(value))}`);
    }
    if (hint) lines.push(`    so: ${hint}`);
  }
  return `${lines.join('\n')}\n`;
}

function wrap(text: string, width: number): readonly string[] {
  const lines = [''];
  for (const word of text.split(' ')) {
    const last = lines.at(-1) ?? '';
    if (last && last.length + word.length + 1 > width) lines.push(word);
    else lines[lines.length - 1] = last ? `${last} ${word}` : word;
  }
  return lines;
}
