import { spend } from './budget.ts';
import type { Found, Line, Name, Span } from './line.ts';
import { nameKind } from './names.ts';
import { isEmptyValue, mark } from './values.ts';

const separators = [',', '\t', ';', '|'] as const;
const heading = /^["']?[A-Za-z_][\w.#()/-]{0,40}(?: [\w.#()/-]{1,20}){0,3}["']?$/;
const longestHeading = 2000;

interface Cell {
  readonly start: number;
  readonly end: number;
}

/** A line of column headings, one of which is secret-like: a table of commas, tabs, semicolons or bars. */
export function tableAt(line: Line, name: Name): Found | null {
  const { text } = line;
  if (line.end - line.start > longestHeading) return null;
  const beside = /^["']?[ \t]*([,\t;|]|\r?(?:\n|$))/.exec(text.slice(name.end, name.end + 40));
  if (!beside) return null;
  const known = headings.get(line);
  if (known !== undefined) return known;
  const table = headingsOf(line);
  headings.set(line, table);
  return table;
}

/** A line is read once, however many of its words may be headings. */
const headings = new WeakMap<Line, Found | null>();

function headingsOf(line: Line): Found | null {
  const { text } = line;
  for (const separator of separators) {
    const cells = cellsOf(line, separator);
    const texts = cells.map(({ start, end }) => text.slice(start, end));
    const written = texts.filter((cell) => cell !== '');
    if (written.length < 2 || !written.every((cell) => heading.test(cell))) continue;
    if (/^[,;]$/.test(separator) && /[,;] /.test(text.slice(line.start, line.end))) continue;
    const columns = texts.flatMap((cell, index) => (isSecret(cell) ? [index] : []));
    if (columns.length === 0) continue;
    return { spans: [], open: { kind: 'table', separator, width: cells.length, columns }, next: line.end };
  }
  return null;
}

const isSecret = (cell: string): boolean => {
  const kind = nameKind(cell.replace(/["']/g, '').replace(/ /g, '_'));
  return kind === 'strong' || kind === 'plural';
};

/** The cells of the secret columns; null where the table has ended. */
export function rowOf(
  line: Line,
  separator: string,
  width: number,
  columns: readonly number[],
): readonly Span[] | null {
  const { text } = line;
  if (separator === '|' && /^[\s+|:-]+$/.test(text.slice(line.start, line.end))) return [];
  const cells = cellsOf(line, separator);
  if (cells.length < 2 || cells.length < Math.min(width, Math.max(...columns) + 1)) return null;
  return columns.flatMap((column) => {
    const cell = cells[column];
    if (!cell) return [];
    const quote = /^["']/.exec(text.slice(cell.start, cell.end))?.[0];
    const isQuoted = quote !== undefined && cell.end - cell.start > 1 && text[cell.end - 1] === quote;
    const start = isQuoted ? cell.start + 1 : cell.start;
    const end = isQuoted ? cell.end - 1 : cell.end;
    return isEmptyValue(text.slice(start, end)) ? [] : [{ start, end, rule: 'table-column', by: mark }];
  });
}

function cellsOf(line: Line, separator: string): readonly Cell[] {
  const { text } = line;
  spend(line.end - line.start);
  const cells: Cell[] = [];
  let start = line.start;
  let isQuoted = false;
  for (let at = line.start; at <= line.end; at += 1) {
    const char = text[at];
    if (char === '"' && at < line.end && separator !== '|') isQuoted = !isQuoted;
    if (at < line.end && (char !== separator || isQuoted)) continue;
    cells.push(trimmed(text, start, at));
    start = at + 1;
  }
  return cells;
}

function trimmed(text: string, from: number, to: number): Cell {
  let start = from;
  let end = to;
  while (start < end && (text[start] === ' ' || text[start] === '\t')) start += 1;
  while (end > start && (text[end - 1] === ' ' || text[end - 1] === '\t')) end -= 1;
  return { start, end };
}
