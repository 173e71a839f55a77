import { RE2JS } from 're2js';
import type { Span } from './line.ts';
import { mark } from './values.ts';

/** Finds the spans of one of the user's own patterns in a line that starts at `from` of its block. */
export type Pattern = (line: Uint8Array, from: number) => readonly Span[];

export interface Compiled {
  readonly patterns: readonly Pattern[];
  /** Patterns that cannot be used, by their place in the list, and why. */
  readonly refused: readonly { readonly index: number; readonly reason: string }[];
}

const mostPatterns = 64;
const longestPattern = 1000;
/** Instructions of the program that a pattern becomes: each may be tried at every character. `[A-Za-z0-9]{40}` has 42. */
const largestPattern = 512;
const largestTogether = 2048;
/** Of all that is compiled, used or not: what a pattern becomes is known only then. */
const mostCompiled = 200_000;

/**
 * Compiles the patterns of `privacy.toml` with RE2, whose time is linear in the text whatever the pattern, as is that of
 * the engine that Coven gives them to. A pattern is tried on one line at a time. `spareWords`: what it is used on holds words of
 * ours alone, and a pattern that takes any word would leave nothing of them.
 */
export function compilePatterns(sources: readonly string[], { spareWords = false } = {}): Compiled {
  const patterns: Pattern[] = [];
  const refused: { index: number; reason: string }[] = [];
  let [used, compiled] = [0, 0];
  const why = (source: string, index: number): string | null => {
    if (index >= mostPatterns) return `more than ${mostPatterns} patterns are not used`;
    if (source.length > longestPattern) return `it is longer than ${longestPattern} characters`;
    if (compiled > mostCompiled) return 'the patterns before it are too large';
    const pattern = attempt(source);
    if (pattern === null) return 'RE2 does not understand it';
    const size = pattern.programSize();
    compiled += size;
    if (size > largestPattern) return `it becomes ${size} instructions, and may have ${largestPattern}`;
    if (used + size > largestTogether) return `all patterns together may have ${largestTogether} instructions`;
    const find = finder(pattern);
    if (spareWords && ordinaryWords.every((word) => coversAll(find, word))) return 'it matches ordinary words';
    used += size;
    patterns.push(find);
    return null;
  };
  for (const [index, source] of sources.entries()) {
    const reason = why(source, index);
    if (reason !== null) refused.push({ index, reason });
  }
  return { patterns, refused };
}

const ordinaryWords = ['daemon', 'status', 'pass'].map((word) => Buffer.from(word));

const coversAll = (find: Pattern, word: Uint8Array): boolean =>
  find(word, 0).reduce((covered, { start, end }) => covered + end - start, 0) === word.length;

/** Null for what is no pattern: the message of RE2 would quote it. */
function attempt(source: string): RE2JS | null {
  try {
    return RE2JS.compile(source);
  } catch {
    return null;
  }
}

function finder(pattern: RE2JS): Pattern {
  return (line, from) => {
    const spans: Span[] = [];
    const matcher = pattern.matcher(line);
    while (matcher.find()) {
      const [start, end] = [matcher.start(), matcher.end()];
      if (end > start) spans.push({ start: from + start, end: from + end, rule: 'user-pattern', by: mark });
    }
    return spans;
  };
}
