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

/**
 * Compiles the patterns of `privacy.toml` with RE2, whose time is linear in the text whatever the pattern, as is that of
 * the engine that Coven gives them to. A pattern is tried on one line at a time.
 */
export function compilePatterns(sources: readonly string[]): Compiled {
  const patterns: Pattern[] = [];
  const refused: { index: number; reason: string }[] = [];
  for (const [index, source] of sources.entries()) {
    if (index >= mostPatterns) refused.push({ index, reason: `more than ${mostPatterns} patterns` });
    else if (source.length > longestPattern)
      refused.push({ index, reason: `longer than ${longestPattern} characters` });
    else
      try {
        patterns.push(finder(RE2JS.compile(source)));
      } catch (error) {
        refused.push({ index, reason: error instanceof Error ? error.message : String(error) });
      }
  }
  return { patterns, refused };
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
