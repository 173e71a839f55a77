import { createHmac } from 'node:crypto';

/** What stands for a text that is not known to be harmless: what it looks like, and which it is among the others. */
export interface Placeholder {
  readonly number: number;
  readonly shape: string;
  /** How often it was used. */
  times: number;
}

export interface Placeholders {
  /** Equal texts have one number, which is that of their first appearance and says nothing else about them. */
  readonly of: (text: string) => string;
  readonly used: () => readonly Placeholder[];
}

/** Distinct ones that are told apart; a hostile log can have any number. */
const mostNumbers = 20_000;

/** Of a text that is told by itself: there is no other to tell it from. */
export const placeholder = (text: string): string => `‹${shapeOf(text)}›`;

export function makePlaceholders(): Placeholders {
  const known = new Map<string, Placeholder>();
  let beyond = 0;
  return {
    of: (text) => {
      const shape = shapeOf(text);
      // Lines that differ in a pid or a count alone are one line.
      const same = shape.startsWith('line') ? text.replace(/\d+/g, '0') : text;
      let found = known.get(same);
      if (!found && known.size < mostNumbers) {
        found = { number: known.size + 1, shape, times: 0 };
        known.set(same, found);
      }
      if (!found) {
        beyond += 1;
        return `‹${shape}›`;
      }
      found.times += 1;
      return `‹${shape} #${found.number}›`;
    },
    used: () => [...known.values(), ...(beyond > 0 ? [{ number: 0, shape: 'others', times: beyond }] : [])],
  };
}

/** What a keyed placeholder looks like. */
export const keyedMark = /^\u2039(?:line:\d{1,9} chars|(?:word|hex|digits|text):\d{1,9}) [0-9a-f]{16}\u203a$/;

/**
 * Tells texts of one shape apart by a digest that takes the key: equal texts have equal ones under one key, and without it
 * nothing can be tried against them. With it, a short text can be guessed: the key goes no further than they do.
 */
export const keyedPlaceholders = (key: string): Placeholders => ({
  of: (text) => `‹${shapeOf(text)} ${createHmac('sha256', key).update(text).digest('hex').slice(0, 16)}›`,
  used: () => [],
});

/** In characters, of which one may be a pair of units. */
const lengthOf = (text: string): number => (/[\ud800-\udfff]/.test(text) ? [...text].length : text.length);

/** Kind and length, never a part of the text. */
function shapeOf(text: string): string {
  const length = lengthOf(text);
  if (/\s/.test(text)) return `line:${length} chars`;
  if (/^\d+$/.test(text)) return `digits:${length}`;
  if (/^[0-9a-f]{8,}$/i.test(text)) return `hex:${length}`;
  return /^[A-Za-z]+$/.test(text) ? `word:${length}` : `text:${length}`;
}
