import { expect, test } from 'vitest';
import { wrap, wrapScreen } from '../../src/render/wrap.ts';

const cases: readonly (readonly [what: string, text: string, columns: number, wrapped: string])[] = [
  [
    'breaks at spaces, with the indentation of each line',
    'one two three four',
    12,
    '[!!] one two\n     three\n     four',
  ],
  [
    'keeps a command together',
    'then run `coven daemon start` here',
    20,
    '[!!] then run\n     `coven daemon start`\n     here',
  ],
  [
    'keeps a long path whole',
    'at /a/very/long/path/of/somebody now',
    16,
    '[!!] at\n     /a/very/long/path/of/somebody\n     now',
  ],
  ['begins no line with a command of a workflow runner', 'a word ::error:: b', 12, '[!!] a word ::error::\n     b'],
  ['takes a backtick without its fellow for the rest', 'a `b c d', 9, '[!!] a\n     `b c d'],
];

for (const [what, text, columns, wrapped] of cases)
  test(what, () => {
    expect(wrap(text, columns, '[!!] ', '     ')).toBe(wrapped);
  });

test('a screen keeps its indentation, and its commands and paths in one piece', () => {
  const screen = [
    'Plan for /home/ada/.coven: 1 step.',
    '  1. move /home/ada/.coven/daemon.json into the quarantine of this run',
    '     risk: disruptive — NOT ALLOWED: ends or disturbs live work',
    '  harnesses none: there is no safe automatic repair',
    'Nothing was changed. To see it with that, and be asked:',
    '  coven-doctor --fix --allow disruptive lossy --home /home/ada/.coven',
    "  COVEN_HOME='/home/ada/.coven' coven daemon start --and-more",
    '/home/ada/.coven/doctor/runs/20261127T133430Z-6a612d/backup',
  ].join('\n');
  expect(wrapScreen(screen, 40).split('\n')).toEqual([
    'Plan for /home/ada/.coven: 1 step.',
    '  1. move /home/ada/.coven/daemon.json',
    '     into the quarantine of this run',
    '     risk: disruptive — NOT ALLOWED:',
    '           ends or disturbs live work',
    '  harnesses none: there is no safe',
    '    automatic repair',
    'Nothing was changed. To see it with',
    'that, and be asked:',
    '  coven-doctor --fix --allow disruptive lossy --home /home/ada/.coven',
    "  COVEN_HOME='/home/ada/.coven' coven daemon start --and-more",
    '/home/ada/.coven/doctor/runs/20261127T133430Z-6a612d/backup',
  ]);
  expect(wrapScreen(screen, undefined)).toBe(screen);
});
