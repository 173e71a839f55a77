import { spend } from './budget.ts';
import { indexIn, type Line } from './line.ts';

/** A quote, however often it is escaped: `"`, `\"`, `\\\"`, and as an entity, a Unicode escape or percent-encoded. */
export const quoteSource = String.raw`\\{0,63}["'\`]|&quot;|&apos;|&#3[49];|&#x2[27];|\\{1,63}u002[27]|%2[27]`;
const quoteHere = new RegExp(quoteSource, 'y');
const quoteEnds = /["'`;27]/;
const quoteEnding = new RegExp(`(?:${quoteSource})$`);

/** The quote that stands at `at`, whole. */
export function quoteAt(text: string, at: number): string | null {
  quoteHere.lastIndex = at;
  return quoteHere.exec(text)?.[0] ?? null;
}

/** The quote that ends just before `at`. */
export function quoteBefore(text: string, from: number, at: number): string | null {
  if (!quoteEnds.test(text[at - 1] ?? '')) return null;
  return quoteEnding.exec(text.slice(Math.max(from, at - 64), at))?.[0] ?? null;
}

/**
 * Where the string ends that `quote` opened before `from`; -1 where it does not end before `end`. A quote written with n
 * backslashes is closed by one with n of them, modulo 2n + 2: the rest are escaped backslashes of its content.
 */
export function closeOf(text: string, from: number, end: number, quote: string): number {
  const mark = quote.at(-1) ?? '';
  if (!`"'\``.includes(mark)) return indexIn(text, quote, from, end);
  const escapes = quote.length - 1;
  for (let at = indexIn(text, mark, from, end); at >= 0; at = indexIn(text, mark, at + 1, end)) {
    let run = 0;
    while (at - run > from && text[at - run - 1] === '\\') run += 1;
    // Fewer escapes than the opening quote's: the string around it ends here.
    if (run < escapes) return at - run;
    if (run % (2 * escapes + 2) !== escapes) continue;
    // YAML and SQL double a quote to escape it.
    if (escapes === 0 && mark === "'" && text[at + 1] === "'" && at > from) {
      at += 1;
      continue;
    }
    return at - escapes;
  }
  return -1;
}

/** Where a bracket opened before `from` closes; when it does not, how many are open at `end`. */
export function closeBrackets(
  text: string,
  from: number,
  end: number,
  quote: string,
  opened: number,
): { readonly at: number; readonly depth: number } {
  let depth = opened;
  const marks = quote.length === 1 ? /["'`[\]{}]/g : /["[\]{}]/g;
  marks.lastIndex = from;
  // What stands behind the line would be read again for each line.
  const within = text.slice(0, end);
  spend(end - from);
  for (let match = marks.exec(within); match; match = marks.exec(within)) {
    const char = match[0];
    if (char === '[' || char === '{') depth += 1;
    else if (char === ']' || char === '}') {
      depth -= 1;
      if (depth === 0) return { at: match.index + 1, depth };
    } else {
      const inner = quoteBefore(text, from, match.index + 1) ?? char;
      if (inner.length < quote.length) return { at: match.index + 1 - inner.length, depth: 0 };
      const close = closeOf(text, match.index + 1, end, inner);
      if (close < 0) return { at: -1, depth };
      marks.lastIndex = close + inner.length;
    }
  }
  return { at: -1, depth };
}

/**
 * Whether a place lies within a double-quoted string of a line that may be JSON; in other lines a lone quote means nothing.
 * Asked with rising places, it reads a line once.
 */
export function makeStringTracker(text: string, start: number): (at: number) => boolean {
  let cursor = start;
  let inside = false;
  let isJson: boolean | null = null;
  return (at) => {
    isJson ??= /^[ \t]*[[\]{}",]/.test(text.slice(start, start + 200));
    for (; isJson && cursor < at; cursor += 1) {
      const code = text.charCodeAt(cursor);
      if (code === 0x5c) cursor += 1;
      else if (code === 0x22) inside = !inside;
    }
    return inside;
  };
}

/** How far a value that does not end may reach: to the end of the JSON string that it is in, or of its line. */
export function reachOf(line: Line, at: number): number {
  const close = line.isInString(at) ? closeOf(line.text, at, line.end, '"') : -1;
  return close < 0 ? line.end : close;
}
