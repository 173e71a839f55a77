import { execFileSync } from 'node:child_process';
import { chmodSync, lstatSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { cli } from '../fixtures/diagnose.ts';
import { makeHome } from '../fixtures/home.ts';
import { makeScratch } from '../fixtures/scratch.ts';
import { expand, homeWord, quoted } from '../src/model/shell.ts';

const words = [
  'plain',
  'a b',
  "it's",
  '$HOME `id` $(id)',
  '-n',
  '*',
  'new\nline',
  '\u001b[31m',
  'caf\u00e9 \u202e',
  '"\\',
  '##[command]',
  '$&',
];

describe('a word of a command', () => {
  test.each(words)('reaches the program as it is: %j', (word) => {
    const print = (command: string): string => execFileSync('bash', ['-c', command], { encoding: 'utf8' });
    expect(print(`printf '%s' ${quoted(`x${word}`)}`)).toBe(`x${word}`);
    expect(print(`printf '%s' ${expand(homeWord(word), '/tmp/a b')}`)).toBe(`/tmp/a b/${word}`);
    expect(print(`printf '%s' ${expand(homeWord(), `/tmp/${word}`)}`)).toBe(`/tmp/${word}`);
    expect(expand('at <coven-home>', '/a/$&')).toBe('at /a/$&');
  });
});

test('the hints for a home with spaces and quotes work when they are pasted', async () => {
  await using scratch = await makeScratch();
  const home = makeHome(join(scratch.path, "my  home's $x"));
  mkdirSync(join(home, 'keys'), { mode: 0o700 });
  const key = join(home, 'keys', "a key's");
  writeFileSync(key, '', { mode: 0o644 });
  chmodSync(home, 0o755);
  const { stdout } = await cli(['--home', home]);
  const hints = [...stdout.matchAll(/^ {7}(chmod .*)$/gm)].map(([, hint]) => hint ?? '');
  expect(hints.length).toBe(2);
  for (const hint of hints) execFileSync('sh', ['-ec', hint]);
  expect([lstatSync(home).mode & 0o777, lstatSync(key).mode & 0o777]).toEqual([0o700, 0o600]);
});
