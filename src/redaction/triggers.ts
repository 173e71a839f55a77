import { assignmentAt, nameWords } from './assignment.ts';
import { keyAt } from './blocks.ts';
import { spend } from './budget.ts';
import { commandAt, commandWords } from './commands.ts';
import { schemeAt } from './headers.ts';
import { type Form, formsOf } from './known.ts';
import { type Found, type Line, matchAt, startsWord } from './line.ts';
import { type TokenRule, tokenRules } from './providers.ts';
import { urlAt } from './urls.ts';
import { mark } from './values.ts';
import { breaksOf, wrappedAt, wraps } from './wrapped.ts';

/** A word that may begin a secret, and what looks closer at where it was found. */
export interface Trigger {
  readonly word: string;
  readonly find: (line: Line, start: number, end: number) => Found | null;
  /** Whether what it finds depends on lines and columns, which a text within a string has of its own. */
  readonly isLaidOut: boolean;
  /** Whether it is tried within what was found before, too: two known values that overlap go as one. */
  readonly overlaps?: boolean;
}

export const secretTriggers: readonly Trigger[] = [
  ...['-----BEGIN ', '---- BEGIN SSH2'].map((word) => ({ word, find: keyAt, isLaidOut: true })),
  ...nameWords.map((word) => ({ word, find: assignmentAt, isLaidOut: true })),
  ...['://', ':\\/\\/', '%3A%2F%2F', ':\\\\/\\\\/'].map((word) => ({ word, find: urlAt, isLaidOut: false })),
  ...['bearer', 'basic'].map((word) => ({ word, find: schemeAt, isLaidOut: false })),
  ...commandWords.map((word, index) => ({
    word,
    find: (line: Line, start: number) => commandAt(line, start, index),
    isLaidOut: false,
  })),
  ...tokenRules.flatMap((rule) =>
    rule.starts.map((word) => ({ word, find: (line: Line, at: number) => tokenAt(line, at, rule), isLaidOut: false })),
  ),
];

function tokenAt(line: Line, at: number, { id, shape, before, bounded }: TokenRule): Found | null {
  const { text } = line;
  if (bounded && !startsWord(text, at)) return null;
  const head = before ? before.exec(text.slice(Math.max(line.start, at - 64), at))?.[0] : '';
  if (head === undefined) return null;
  const match = matchAt(shape, text, at);
  if (!match) return null;
  const end = Math.min(at + match[0].length, line.end);
  return { spans: [{ start: at - head.length, end, rule: id, by: mark }], open: null, next: end };
}

/** Bytes of a known value's form that are looked for; the rest is compared where they are found. */
const anchor = 12;
/** Bytes of a form that costs nothing to compare; for a longer one a line pays, since it may begin at many places. */
const cheap = 256;

export function knownTriggers(values: readonly string[]): readonly Trigger[] {
  const forms = new Map(values.flatMap(formsOf).map((form) => [form.bytes, form]));
  return [...forms.values()].flatMap((form): readonly Trigger[] => {
    const whole: Trigger = {
      word: form.bytes.slice(0, anchor),
      find: (line, start) => formAt(line, start, form) ?? (wraps(form) ? wrappedAt(line, start, form, 0) : null),
      isLaidOut: false,
      overlaps: form.run === null,
    };
    const later = wraps(form) ? breaksOf(form, anchor) : [];
    return [
      whole,
      ...later.map(
        (skipped): Trigger => ({
          word: form.bytes.slice(skipped, skipped + anchor),
          find: (line, start) => wrappedAt(line, start, form, skipped),
          isLaidOut: false,
        }),
      ),
    ];
  });
}

function formAt(line: Line, at: number, { bytes, anyCase, run }: Form): Found | null {
  const { text } = line;
  if (bytes.length > cheap) spend(bytes.length);
  const there = text.slice(at, at + bytes.length);
  if (there !== bytes && !(anyCase && there.toLowerCase() === bytes.toLowerCase())) return null;
  let start = at;
  let end = Math.min(at + bytes.length, line.end);
  while (run && start > line.start && run.test(text[start - 1] ?? '')) start -= 1;
  while (run && end < line.end && run.test(text[end] ?? '')) end += 1;
  spend(end - start);
  return { spans: [{ start, end, rule: 'known-value', by: mark }], open: null, next: end };
}
