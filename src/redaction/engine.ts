import { type Automaton, makeAutomaton } from './automaton.ts';
import { continued } from './blocks.ts';
import { withinBudget } from './budget.ts';
import { endsWord, type Line, type Open, type Span, startsWord } from './line.ts';
import { nestedTexts } from './nested.ts';
import type { Pattern } from './patterns.ts';
import { makeStringTracker } from './quotes.ts';
import { type Candidate, settle } from './settle.ts';
import type { NameForm, Tokens } from './tokens.ts';
import { knownTriggers, secretTriggers, type Trigger } from './triggers.ts';
import { mark } from './values.ts';

/** The spans of a text to redact, in order and without overlaps, and what continues after its last line. */
interface Findings {
  readonly spans: readonly Span[];
  readonly open: Open | null;
}

export interface Engine {
  /** Reads a block of whole lines, in time linear in its length. */
  readonly find: (block: Buffer, open: Open | null) => Findings;
}

export interface EngineOptions {
  readonly knownValues: readonly string[];
  readonly patterns: readonly Pattern[];
  readonly tokens: Tokens | null;
}

/** One pass of an automaton over the bytes finds the few places where a secret may begin; only there is anything tried. */
export function makeEngine({ knownValues, patterns, tokens }: EngineOptions): Engine {
  const names = tokens?.forms ?? [];
  const triggers = [...secretTriggers, ...knownTriggers(knownValues)];
  const automaton = makeAutomaton([...triggers.map(({ word }) => word), ...names.map(({ bytes }) => bytes)]);
  return { find: (block, open) => search(block, open, { automaton, triggers, names, patterns, depth: 0 }) };
}

interface Search {
  readonly automaton: Automaton;
  readonly triggers: readonly Trigger[];
  readonly names: readonly NameForm[];
  readonly patterns: readonly Pattern[];
  readonly depth: number;
}

/** Levels of strings within strings that are unescaped and read line by line. Deeper ones are read as they are. */
const deepest = 4;

function search(block: Buffer, opened: Open | null, how: Search): Findings {
  const { automaton, triggers, names, patterns, depth } = how;
  const starts: number[] = [];
  const ends: number[] = [];
  const words: number[] = [];
  automaton.scan(block, (start, end, word) => {
    starts.push(start);
    ends.push(end);
    words.push(word);
  });
  if (words.length === 0 && opened === null && patterns.length === 0) return { spans: [], open: null };

  const text = block.toString('latin1');
  const spans: Span[] = [];
  let open = opened;
  let hit = 0;
  let from = 0;
  while (from < text.length) {
    // A name that holds a line end was hit across two lines, and is in neither of them.
    while ((starts[hit] ?? from) < from) hit += 1;
    // Lines without a hit are passed over, unless an earlier line or a pattern of the user concerns them.
    if (open === null && patterns.length === 0) {
      const start = starts[hit];
      if (start === undefined) break;
      from = start === 0 ? 0 : text.lastIndexOf('\n', start - 1) + 1;
    }
    const newline = text.indexOf('\n', from);
    const stop = newline < 0 ? text.length : newline;
    const end = text[stop - 1] === '\r' && stop > from ? stop - 1 : stop;
    const line: Line = { text, start: from, end, isInString: makeStringTracker(text, from) };
    let found: Candidate[] = [];
    const laidOut: number[] = [];
    let next = from;
    const isRead = withinBudget(end - from, () => {
      const before = open ? continued(open, line) : null;
      open = before?.open ?? null;
      if (before) {
        append(found, before.spans);
        next = before.next;
      }
      for (; hit < words.length && (ends[hit] ?? 0) <= stop; hit += 1) {
        const [start = 0, end = 0, word = 0] = [starts[hit], ends[hit], words[hit]];
        if (start < from) continue;
        const trigger = triggers[word];
        const name = names[word - triggers.length];
        if (name && isName(text, start, end, name)) found.push({ start, end, rule: 'name', by: name.token });
        if (trigger?.isLaidOut) laidOut.push(start);
        const result = start < next && !trigger?.overlaps ? null : trigger?.find(line, start, end);
        if (!result) continue;
        append(found, result.spans);
        next = Math.max(next, result.next);
        if (result.open) open = result.open;
      }
      if (laidOut.length > 0 && depth < deepest) append(found, inStrings(line, laidOut, how));
      return true;
    });
    if (!isRead) {
      // It may hold anything, and be the start of anything.
      found = [{ start: from, end, rule: 'costly-line', by: mark }];
      open = { kind: 'tail' };
      while (hit < words.length && (ends[hit] ?? 0) <= stop) hit += 1;
    }
    for (const pattern of patterns) append(found, pattern(block.subarray(from, line.end), from));
    append(spans, settle(found));
    from = stop + 1;
  }
  return { spans, open };
}

/** `push(...list)` fails beyond some hundred thousand arguments, and a line can have more spans than that. */
function append<T>(list: T[], more: readonly T[]): void {
  for (const item of more) list.push(item);
}

/** What is found in the strings of a line that hold lines of their own, at its place in the line. */
function inStrings(line: Line, hits: readonly number[], how: Search): readonly Span[] {
  const spans: Span[] = [];
  let hit = 0;
  const isWanted = (from: number, to: number): boolean => {
    while (hit < hits.length && (hits[hit] ?? 0) < from) hit += 1;
    return hit < hits.length && (hits[hit] ?? 0) < to;
  };
  const inner: Search = { ...how, names: [], patterns: [], depth: how.depth + 1 };
  for (const { text, places } of nestedTexts(line.text, line.start, line.end, isWanted))
    for (const { start, end, rule, by } of search(Buffer.from(text, 'latin1'), null, inner).spans)
      spans.push({ start: places[start] ?? 0, end: places[end] ?? 0, rule, by: JSON.stringify(by).slice(1, -1) });
  return spans;
}

/** A path may follow anything (`-I/home/ada`); a name is no part of a longer word. */
function isName(text: string, start: number, end: number, { bytes }: NameForm): boolean {
  return (/^[^A-Za-z0-9]/.test(bytes) || startsWord(text, start)) && endsWord(text, end);
}
