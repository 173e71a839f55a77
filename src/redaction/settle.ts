import type { Span } from './line.ts';

/** A span, or a name's: which token it becomes is known only when the tokens before it are. */
export interface Candidate {
  readonly start: number;
  readonly end: number;
  readonly rule: string;
  readonly by: string | (() => string);
}

/** The spans of one line in order; what overlaps is one: a secret before a name, a longer name before a shorter one. */
export function settle(candidates: readonly Candidate[]): readonly Span[] {
  if (candidates.length === 0) return [];
  const settled: Candidate[] = [];
  for (const span of candidates.toSorted((one, other) => one.start - other.start || other.end - one.end)) {
    const last = settled.at(-1);
    if (!last || span.start >= last.end) settled.push(span);
    else if (span.end > last.end || typeof last.by !== 'string') {
      const { rule, by } = typeof last.by === 'string' || typeof span.by !== 'string' ? last : span;
      settled[settled.length - 1] = { start: last.start, end: Math.max(last.end, span.end), rule, by };
    }
  }
  return settled.map(({ start, end, rule, by }) => ({ start, end, rule, by: typeof by === 'string' ? by : by() }));
}
