import { symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { diagnose } from '../fixtures/diagnose.ts';
import { harnessFolder } from '../fixtures/double.ts';
import { makeHome } from '../fixtures/home.ts';
import { findRealCoven } from '../fixtures/real-coven.ts';
import { makeScratch } from '../fixtures/scratch.ts';

const real = findRealCoven();
if ('why' in real) console.log(`the real Coven is not asked about patterns: ${real.why}`);
const stopped = 'daemon stopped warn';
const ignored = ['home:config pattern-ignored fail', stopped];
const hides = ['home:config hides-all fail', stopped];

/** Patterns, what the real Coven makes of them, and what is said of them. */
const rows: readonly (readonly [patterns: readonly string[], faults: readonly string[], said?: string])[] = [
  [['ACME-[0-9]+', '(?i)customer', '(?x) a b # c', '\\p{Greek}+', 'a|b{9}', '[a-z&&[^aeiou]]{30}'], [stopped]],
  [['(?<=x)ACME'], ignored, 'pattern 1 of the 1 '],
  [['ACME', '(a)\\1', 'b)(c', '*'], ignored, 'pattern 2, 3, 4 of the 4 '],
  [['.*'], hides],
  [[''], hides],
  [['quote\'s " and \\\\ \n$(touch x)'], [stopped]],
];

test.skipIf('why' in real).each(rows.map(([patterns, faults, said = '']) => [patterns, faults, said] as const))(
  'the real Coven compiles %j, or that is said',
  async (patterns, faults, said) => {
    await using scratch = await makeScratch();
    const home = makeHome(join(scratch.path, 'home'));
    const list = patterns.map((pattern) => JSON.stringify(pattern)).join(', ');
    writeFileSync(join(home, 'privacy.toml'), `extra_patterns = [${list}]\n`);
    symlinkSync('path' in real ? real.path : '', join(scratch.path, 'coven'));
    const found = await diagnose(home, { env: { PATH: `${scratch.path}:${harnessFolder}:${process.env.PATH}` } });
    expect(found.faults).toEqual(faults);
    expect(found.document.checks.find(({ id }) => id === 'home:config')?.message).toContain(said);
  },
);
