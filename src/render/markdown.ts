import { harmless } from '../model/harmless.ts';
import { adviceOf, say } from '../model/say.ts';
import { type CheckReport, compareChecks, countedStatus, type Report } from '../run/report.ts';
import { sayAccepted } from './accepted.ts';
import type { RenderOptions } from './render-options.ts';

/** A table of the checks for a page or a pull request. The text of a finding is always plain text in it. */
export function renderMarkdown(report: Report, { verbose }: Pick<RenderOptions, 'verbose'>): string {
  const rows = tableRows(report, verbose);
  return [...heading(report), ...(rows.length > 0 ? [...header, ...rows] : [])].join('\n').concat('\n');
}

/** As many rows of the table as fit in `limit` bytes of UTF-8. It says how many are omitted. */
export function renderMarkdownWithin(report: Report, limit: number): string {
  const lines = [...heading(report), ...header];
  const rows = tableRows(report, false);
  const note = (left: number): string => `\n${left} more findings are left out here.\n`;
  let room = limit - Buffer.byteLength(lines.join('\n')) - Buffer.byteLength(note(rows.length)) - 1;
  if (room < 0) return '';
  let kept = 0;
  for (const row of rows) {
    room -= Buffer.byteLength(row) + 1;
    if (room < 0) break;
    kept += 1;
  }
  if (kept === rows.length) return renderMarkdown(report, { verbose: false });
  return `${[...lines, ...rows.slice(0, kept)].join('\n')}\n${note(rows.length - kept)}`;
}

const header = ['| check | status | finding | next |', '| --- | --- | --- | --- |'];

function heading({ summary, exitCode, conclusion }: Report): readonly string[] {
  const counts = Object.entries(summary).filter(([, number]) => number > 0);
  return [
    '### coven-doctor',
    '',
    ...(conclusion ? [plain(conclusion), ''] : []),
    `${counts.map(([status, number]) => `${number} ${status}`).join(', ')}; exit code ${exitCode}.`,
    '',
  ];
}

function tableRows({ checks }: Report, verbose: boolean): readonly string[] {
  const shown = verbose
    ? checks
    : checks.filter(({ status }) => status !== 'pass' && status !== 'skipped').toSorted(compareChecks);
  return shown.flatMap(rowsOf);
}

function rowsOf({ check, findings }: CheckReport): readonly string[] {
  return findings.map((finding) => {
    const { message } = say(check, finding);
    const accepted = sayAccepted(finding);
    const next = adviceOf(check, finding).map(({ text, isCommand }) =>
      isCommand ? `<code>${plain(text)}</code>` : plain(text),
    );
    const said = plain(accepted ? `${message} (${accepted})` : message);
    // As code an id needs no escapes, so that the file reads well as it is, too.
    const id = /^[\w:.-]+$/.test(check.id) ? `\`${check.id}\`` : plain(check.id);
    return `| ${[id, countedStatus(finding), said, next.join('<br>')].join(' | ')} |`;
  });
}

/**
 * Escapes text for Markdown, HTML and a table cell at once. A backslash disables punctuation. A character in between
 * keeps an address with `@` or `www.` from becoming a link, and a name from becoming a mention.
 */
function plain(text: string): string {
  return harmless(text)
    .replace(/[\\`*_{}[\]()<>#+!|~$&:]/g, '\\$&')
    .replace(/@/g, '@<!-- -->')
    .replace(/\bwww\./gi, (found) => `${found.slice(0, -1)}\\.`);
}
