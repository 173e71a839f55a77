import type { CheckReport } from '../report.ts';
import { harmless } from './harmless.ts';
import { say, wordsOf } from './words.ts';

/** What a check decides, its causes, and the chain from what was seen here to its findings. */
export function renderExplain({ check, findings }: CheckReport): string {
  const { title, explain, causes } = wordsOf(check);
  const lines = [
    `${check.id}: ${title}.`,
    '',
    ...wrap(explain, 100),
    '',
    ...(check.stated ? [`From:     ${harmless(check.stated.module)}, which is not part of coven-doctor`] : []),
    `Looks at: ${check.needs.join(', ')}`,
    `Causes:   ${Object.keys(causes)
      .filter((code) => code !== 'ok')
      .join(', ')}`,
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
