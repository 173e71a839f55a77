import { spend } from './budget.ts';

/** One line of a block of whole lines; texts are strings of bytes (latin1), so that bad UTF-8 passes unchanged. */
export interface Line {
  readonly text: string;
  readonly start: number;
  /** Where its content ends, before CR LF. */
  readonly end: number;
  /** Whether a place lies within a double-quoted string of a line of JSON; asked with rising places. */
  readonly isInString: (at: number) => boolean;
}

/** A range of bytes, and its replacement. */
export interface Span {
  readonly start: number;
  readonly end: number;
  readonly rule: string;
  readonly by: string;
}

/** What a line begins and a later line may end, such as a private key. */
export type Open =
  | { readonly kind: 'tail' }
  | { readonly kind: 'wrapped'; readonly left: string; readonly anyCase: boolean; readonly isRun: boolean }
  | { readonly kind: 'pem'; readonly lines: number }
  | { readonly kind: 'quote'; readonly close: string; readonly lines: number }
  | { readonly kind: 'block'; readonly indent: number; readonly first: boolean }
  | { readonly kind: 'list'; readonly indent: number }
  | { readonly kind: 'value'; readonly indent: number; readonly name: string }
  | { readonly kind: 'pair' }
  | { readonly kind: 'brackets'; readonly depth: number; readonly quote: string; readonly lines: number }
  | { readonly kind: 'element'; readonly close: string; readonly first: boolean; readonly lines: number }
  | { readonly kind: 'header'; readonly isCookie: boolean; readonly first: boolean }
  | { readonly kind: 'table'; readonly separator: string; readonly width: number; readonly columns: readonly number[] };

/** What was found at one place of a line, and where the search continues. */
export interface Found {
  readonly spans: readonly Span[];
  readonly open: Open | null;
  readonly next: number;
}

/** Runs a sticky pattern at one place; where it does not match, it must have failed within a bounded number of characters. */
export function matchAt(pattern: RegExp, text: string, at: number): RegExpExecArray | null {
  pattern.lastIndex = at;
  const match = pattern.exec(text);
  if (match) spend(match[0].length);
  return match;
}

/** Where `what` is within `[from, end)`, or -1; it looks no further than `end`. */
export function indexIn(text: string, what: string, from: number, end: number): number {
  const at = text.slice(from, end).indexOf(what);
  spend((at < 0 ? end - from : at) + 1);
  return at < 0 ? -1 : from + at;
}

const isLetterOrDigit = (code: number): boolean =>
  (code >= 48 && code <= 57) || (code >= 97 && code <= 122) || (code >= 65 && code <= 90);
const escapeBefore =
  /(?:\\(?:u[0-9a-fA-F]{4}|x[0-9a-fA-F]{2}|033|[nrtbfve])|%[0-9a-fA-F]{2}|\[[\d;]{0,8}m|&[a-z]{2,5};)$/;

/** Whether no word runs on across `at` from the left; the `n` of an escaped line end and `%20` belong to no word. */
export function startsWord(text: string, at: number): boolean {
  if (at === 0 || !isLetterOrDigit(text.charCodeAt(at - 1))) return true;
  return escapeBefore.test(text.slice(Math.max(0, at - 10), at));
}

/** Whether no word runs on across `at` to the right. */
export function endsWord(text: string, at: number): boolean {
  return at >= text.length || !isLetterOrDigit(text.charCodeAt(at));
}

export interface Name {
  readonly text: string;
  readonly start: number;
  readonly end: number;
  /** Whether it is written as an option of a command: `--token`. */
  readonly isFlag: boolean;
}

const longestName = 80;
const isNameChar = (code: number): boolean => isLetterOrDigit(code) || code === 0x5f || code === 0x2e || code === 0x2d;

/** The name around a word of it, without escapes before it; null when it is too long to be one. */
export function nameAround(line: Line, from: number, to: number): Name | null {
  const { text } = line;
  let start = from;
  while (start > line.start && isNameChar(text.charCodeAt(start - 1))) if (from - --start > longestName) return null;
  let end = to;
  while (end < line.end && isNameChar(text.charCodeAt(end))) if (++end - to > longestName) return null;
  const before = text[start - 1];
  const head = text.slice(start, from);
  if (before === '\\') start += /^(?:u[0-9a-fA-F]{4}|x[0-9a-fA-F]{2}|033|[nrtbfve0])/.exec(head)?.[0].length ?? 0;
  if (before === '%') start += /^[0-9a-fA-F]{2}/.exec(head)?.[0].length ?? 0;
  if (before === '[' || before === ';') start += /^\d{1,3}m/.exec(head)?.[0].length ?? 0;
  const written = start;
  while (text[start] === '-' || text[start] === '.') start += 1;
  while (end > to && (text[end - 1] === '-' || text[end - 1] === '.')) end -= 1;
  return { text: text.slice(start, end), start, end, isFlag: start > written && text[start - 1] === '-' };
}

/** Spaces before the first thing of a line; the dash of a list item counts as one. */
export function indentOf(line: Line): number {
  return /^[ \t]*(?:- +)*/.exec(line.text.slice(line.start, Math.min(line.end, line.start + 200)))?.[0].length ?? 0;
}
