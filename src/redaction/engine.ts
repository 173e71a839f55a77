import { assignmentAt, nameWords } from './assignment.ts';
import { type Automaton, makeAutomaton } from './automaton.ts';
import { continued, keyAt } from './blocks.ts';
import { commandAt, commandWords } from './commands.ts';
import { schemeAt } from './headers.ts';
import { type Form, formsOf } from './known.ts';
import { endsWord, type Found, type Line, matchAt, type Open, type Span, startsWord } from './line.ts';
import { nestedTexts } from './nested.ts';
import type { Pattern } from './patterns.ts';
import { type TokenRule, tokenRules } from './providers.ts';
import { makeStringTracker } from './quotes.ts';
import type { NameForm, Tokens } from './tokens.ts';
import { urlAt } from './urls.ts';
import { mark } from './values.ts';

/** A word that may begin a secret, and what looks closer at where it was found. */
interface Trigger {
  readonly word: string;
  readonly find: (line: Line, start: number, end: number, isInString: (at: number) => boolean) => Found | null;
}

/** Bytes that become the name's token; which one is known only when the tokens before it are. */
interface NameSpan {
  readonly start: number;
  readonly end: number;
  readonly token: () => string;
}

export interface Engine {
  /**
   * Finds what must go in a block of whole lines: spans in order, none overlapping another; and what the block leaves
   * open. Its time is linear in the block.
   */
  readonly find: (block: Buffer, open: Open | null) => { readonly spans: readonly Span[]; readonly open: Open | null };
}

export interface EngineOptions {
  readonly knownValues: readonly string[];
  readonly patterns: readonly Pattern[];
  readonly tokens: Tokens | null;
}

export function makeEngine({ knownValues, patterns, tokens }: EngineOptions): Engine {
  const names = tokens?.forms ?? [];
  const triggers = [...secretTriggers(), ...knownTriggers(knownValues)];
  const automaton = makeAutomaton([...triggers.map(({ word }) => word), ...names.map(({ bytes }) => bytes)]);
  return { find: (block, open) => search(block, open, { automaton, triggers, names, patterns, depth: 0 }) };
}

function secretTriggers(): readonly Trigger[] {
  return [
    { word: '-----BEGIN ', find: keyAt },
    { word: '---- BEGIN SSH2', find: keyAt },
    ...['://', ':\\/\\/', '%3A%2F%2F', ':\\\\/\\\\/'].map((word) => ({ word, find: urlAt })),
    ...['bearer', 'basic'].map((word) => ({
      word,
      find: (line: Line, start: number) => (startsWord(line.text, start) ? schemeAt(line, start) : null),
    })),
    ...commandWords.map((word, index) => ({
      word,
      find: (line: Line, start: number) => commandAt(line, start, index),
    })),
    ...tokenRules.flatMap((rule) => rule.starts.map((word) => ({ word, find: tokenFinder(rule) }))),
    ...nameWords.map((word) => ({ word, find: assignmentAt })),
  ];
}

function tokenFinder(rule: TokenRule): Trigger['find'] {
  const { shape, before } = rule;
  return ({ text, start: lineStart, end: lineEnd }, at) => {
    if (rule.bounded && !startsWord(text, at)) return null;
    const match = matchAt(shape, text, at);
    if (!match) return null;
    const head = before ? before.exec(text.slice(Math.max(lineStart, at - 64), at))?.[0] : '';
    if (head === undefined) return null;
    const end = Math.min(at + match[0].length, lineEnd);
    return { spans: [{ start: at - head.length, end, rule: rule.id, by: mark }], open: null, next: end };
  };
}

/** Bytes of a known value's form that the automaton looks for; the rest is compared where they are found. */
const anchor = 12;

function knownTriggers(values: readonly string[]): readonly Trigger[] {
  const forms = new Map(values.flatMap(formsOf).map((form) => [form.bytes, form]));
  return [...forms.values()].map((form) => ({
    word: form.bytes.slice(0, anchor),
    find: (line, start) => formAt(line, start, form),
  }));
}

function formAt(
  { text, start: lineStart, end: lineEnd }: Line,
  at: number,
  { bytes, anyCase, run }: Form,
): Found | null {
  const there = text.slice(at, at + bytes.length);
  if (there !== bytes && !(anyCase && there.toLowerCase() === bytes.toLowerCase())) return null;
  let start = at;
  let end = Math.min(at + bytes.length, lineEnd);
  while (run && start > lineStart && run.test(text[start - 1] ?? '')) start -= 1;
  while (run && end < lineEnd && run.test(text[end] ?? '')) end += 1;
  return { spans: [{ start, end, rule: 'known-value', by: mark }], open: null, next: end };
}

interface Search {
  readonly automaton: Automaton;
  readonly triggers: readonly Trigger[];
  readonly names: readonly NameForm[];
  readonly patterns: readonly Pattern[];
  readonly depth: number;
}

/** Strings within strings that are read by their own lines; deeper ones are read as they stand. */
const deepest = 4;

function search(
  block: Buffer,
  opened: Open | null,
  { automaton, triggers, names, patterns, depth }: Search,
): { readonly spans: readonly Span[]; readonly open: Open | null } {
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
    // Lines without a hit are passed over, unless an earlier line or a pattern of the user concerns them.
    if (open === null && patterns.length === 0) {
      if (hit >= words.length) break;
      from = text.lastIndexOf('\n', (starts[hit] ?? 0) - 1) + 1;
      if (starts[hit] === 0) from = 0;
    }
    const newline = text.indexOf('\n', from);
    const stop = newline < 0 ? text.length : newline;
    const line: Line = { text, start: from, end: text[stop - 1] === '\r' && stop > from ? stop - 1 : stop };
    const found: Span[] = [];
    const named: NameSpan[] = [];
    let next = from;
    const before = open ? continued(open, line) : null;
    open = before?.open ?? null;
    if (before) {
      found.push(...before.spans);
      next = before.next;
    }
    const isInString = makeStringTracker(text, from);
    const firstHit = hit;
    for (; hit < words.length && (ends[hit] ?? 0) <= stop + 1; hit += 1) {
      const [start = 0, end = 0, word = 0] = [starts[hit], ends[hit], words[hit]];
      const trigger = triggers[word];
      const name = trigger ? null : names[word - triggers.length];
      if (name && startsName(text, start, name) && endsName(text, end, name))
        named.push({ start, end, token: name.token });
      if (!trigger || start < next) continue;
      const result = trigger.find(line, start, end, isInString);
      if (!result) continue;
      found.push(...result.spans);
      next = Math.max(next, result.next);
      if (result.open) open = result.open;
    }
    const hits = starts.slice(firstHit, hit);
    if (hits.length > 0 && depth < deepest)
      found.push(
        ...inStrings(
          line,
          hits,
          (inner) => search(inner, null, { automaton, triggers, names: [], patterns: [], depth: depth + 1 }).spans,
        ),
      );
    for (const pattern of patterns) found.push(...pattern(block.subarray(from, line.end), from));
    spans.push(...settle(found, named));
    from = stop + 1;
  }
  return { spans, open };
}

/** What is found in the strings of a line that hold lines of their own, at its place in the line. */
function inStrings(line: Line, hits: readonly number[], find: (text: Buffer) => readonly Span[]): readonly Span[] {
  const spans: Span[] = [];
  let hit = 0;
  const isWanted = (from: number, to: number): boolean => {
    while (hit < hits.length && (hits[hit] ?? 0) < from) hit += 1;
    return hit < hits.length && (hits[hit] ?? 0) < to;
  };
  for (const { text, places } of nestedTexts(line.text, line.start, line.end, isWanted))
    for (const { start, end, rule, by } of find(Buffer.from(text, 'latin1'))) {
      spans.push({ start: places[start] ?? 0, end: places[end] ?? 0, rule, by: JSON.stringify(by).slice(1, -1) });
    }
  return spans;
}

const startsName = (text: string, at: number, { bytes }: NameForm): boolean =>
  /^[^A-Za-z0-9]/.test(bytes)
    ? !/[A-Za-z0-9_.-]/.test(text[at - 1] ?? ' ') || startsWord(text, at)
    : startsWord(text, at) && text[at - 1] !== '_';
const endsName = (text: string, at: number, { dashed }: NameForm): boolean =>
  endsWord(text, at) || (dashed && text[at] === '-');

/** Spans of one line in order; secrets that overlap are one, and names within a secret or a longer name are nothing. */
function settle(secrets: readonly Span[], names: readonly NameSpan[]): readonly Span[] {
  const all = [...secrets, ...names.map((name) => ({ ...name, rule: 'name', by: '' }))].sort(
    (one, other) => one.start - other.start || other.end - one.end,
  );
  const settled: (Span & { readonly token?: () => string })[] = [];
  for (const span of all) {
    const last = settled.at(-1);
    if (!last || span.start >= last.end) {
      settled.push(span);
      continue;
    }
    const both = last.rule === 'name' && span.rule === 'name';
    if (both) continue;
    const secret = last.rule === 'name' ? span : last;
    settled[settled.length - 1] = {
      start: last.start,
      end: Math.max(last.end, span.end),
      rule: secret.rule,
      by: secret.by,
    };
  }
  return settled.map(({ start, end, rule, by, token }) => ({ start, end, rule, by: token ? token() : by }));
}
