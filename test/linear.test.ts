import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';
import { execa } from 'execa';
import { expect, test } from 'vitest';
import { compile } from '../fixtures/linear/regex.ts';
import { packageRoot } from '../src/package.ts';

const seed = Number(process.env.COVEN_DOCTOR_SEED ?? 13);
/** Of all texts and functions; `npm run linear` tries every one. */
const share = Number(process.env.COVEN_DOCTOR_LINEAR ?? 0.02);

test('a matcher that counts its steps matches as the engine does', () => {
  const texts = ['', 'a', 'aaab', 'foo=bar', '"a\\"b" c', '--key=a,b=c', 'a.b.c(d)', '  - x  ', 'aab\naab', '://a@b@c'];
  const patterns = [
    /a*?b/,
    /(a|aa)*b$/,
    /^(?:\w+\.)+\w+(?:[([].*)?$/,
    /(?<!\\)"(?:[^"\\]|\\.)*"/,
    /(?=(\w{0,3}))\1=/,
    /^[ \t]*- +(?:["'](.*)["']|(.*))$/,
    /:(?:\/\/)([^@]{0,4})((?:[^@]|@(?=[^@]{1,9}@)){0,9})@/,
    /^aab$/m,
    /\b(?:a{2,}|b)\B/i,
  ];
  for (const pattern of patterns)
    for (const text of texts) {
      const { matchAt } = compile(pattern);
      const ends = [...text, ''].map((_, at) => matchAt(text, at, () => undefined));
      const start = ends.findIndex((end) => end >= 0);
      const match = pattern.exec(text);
      const told = match ? [match.index, match.index + match[0].length] : null;
      expect([String(pattern), text, start < 0 ? null : [start, ends[start]]]).toEqual([String(pattern), text, told]);
    }
});

test('whatever reads the text of others takes time linear in its length', async () => {
  const folder = join(packageRoot, 'node_modules', '.cache', 'linear');
  mkdirSync(folder, { recursive: true });
  const outfile = join(folder, 'subjects.mjs');
  await build({
    entryPoints: [join(packageRoot, 'fixtures', 'linear', 'all.ts')],
    bundle: true,
    packages: 'external',
    platform: 'node',
    format: 'esm',
    outfile,
  });
  const program = join(packageRoot, 'fixtures', 'linear', 'count.mjs');
  const { stdout } = await execa(process.execPath, [program, outfile, JSON.stringify({ seed, share })], {
    stderr: share < 1 ? 'pipe' : ['pipe', 'inherit'],
  });
  const { tried, found } = JSON.parse(stdout);
  console.log(`${tried} texts and functions tried (COVEN_DOCTOR_SEED=${seed}, COVEN_DOCTOR_LINEAR=${share})`);
  expect(found).toEqual([]);
});
