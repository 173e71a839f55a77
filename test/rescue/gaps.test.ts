// What lies between the events that are seen, and whose it most likely is.
import { expect, test } from 'vitest';
import { gapsOf, type SeenEvent } from '../../src/rescue/gaps.ts';
import { sessionNotes } from '../../src/rescue/session-notes.ts';

/** `a1` is held by session a; `a1?` is named with its session; `?1` is named without one. */
const seen = (words: string): SeenEvent[] =>
  words.split(' ').map((word) => ({
    seq: Number(word.replace(/\D/g, '')),
    session: word.startsWith('?') ? null : (word[0] ?? null),
    isHeld: !word.includes('?'),
  }));

test.each([
  ['a1 a2 a3', true, 0, [], {}],
  ['a1 a5', true, 3, [[2, 4]], { a: [0, 3, [[2, 4]]] }],
  // An index that is whole names each row: what it does not name was deleted.
  ['a1 a5', false, 0, [], {}],
  ['a1 b5', true, 3, [[2, 4]], {}],
  ['a3', true, 2, [[1, 2]], {}],
  ['a1 ?2 a3', false, 0, [], { a: [1, 0, [[2, 2]]] }],
  ['a1 ?2 b3', false, 0, [], {}],
  ['a1 ?2 ?3', false, 0, [], {}],
  [
    'a1 ?2 a4 a5? ?6 a7',
    true,
    1,
    [[3, 3]],
    {
      a: [
        2,
        1,
        [
          [2, 3],
          [6, 6],
        ],
      ],
    },
  ],
  [
    'a1 a4 b5 b9 a10',
    true,
    5,
    [
      [2, 3],
      [6, 8],
    ],
    { a: [0, 2, [[2, 3]]], b: [0, 3, [[6, 8]]] },
  ],
] as const)('%s, blind: %s', (words, isBlind, unaccounted, seqs, likely) => {
  const notes = sessionNotes();
  const gaps = gapsOf(seen(words), isBlind, notes.join);
  const told = ['a', 'b'].flatMap((id) => {
    const one = notes.likelyOf(id);
    return one ? [[id, [one.lost, one.unaccounted, one.seqs]]] : [];
  });
  notes.close();
  expect([gaps.unaccounted, gaps.seqs, Object.fromEntries(told)]).toEqual([unaccounted, seqs, likely]);
});

test('seqs without end take neither time nor memory', () => {
  const far = Array.from({ length: 1000 }, (_, at) => ({ seq: at * 1e12 + 1, session: 'a', isHeld: true }));
  const gaps = gapsOf(far, true, () => undefined);
  expect(gaps.seqs).toHaveLength(50);
  expect(gaps.unaccounted).toBe(999 * (1e12 - 1));
});
