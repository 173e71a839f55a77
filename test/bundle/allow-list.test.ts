import { join } from 'node:path';
import { expect, test } from 'vitest';
import { placesIn, plantEverywhere } from '../../fixtures/bundle/places.ts';
import { cli } from '../../fixtures/diagnose.ts';
import { alnum, lower, makeRandom } from '../../fixtures/redaction/random.ts';
import { makeScratch } from '../../fixtures/scratch.ts';
import { readBundle } from '../../src/bundle/read.ts';

// The same ones in every run unless the seed says otherwise.
const random = makeRandom(Number(process.env.COVEN_DOCTOR_SEED ?? 13));

test.each([
  ['letters and digits', () => `q${random.text(alnum, 23)}`],
  ['lower-case letters, as a word is', () => `q${random.text(lower, 15)}`],
  ['digits, as a card has', () => random.text('123456789', 16)],
  ['digits, as a code has', () => random.text('123456789', 8)],
  ['hex, as an id is', () => `a${random.text('0123456789abcdef', 31)}`],
])('whatever is said wherever, in %s, six characters of it are nowhere in a bundle', async (_what, draw) => {
  const found = await toldOf(draw);
  // An inode or a time holds any six digits by chance, but not those of another text at the same place.
  const again = found.length > 0 ? await toldOf(draw) : [];
  expect(found.filter((one) => again.includes(one))).toEqual([]);
});

/** Which places a bundle tells six characters of. */
async function toldOf(draw: () => string): Promise<readonly string[]> {
  await using scratch = await makeScratch();
  const { home, secrets, env, args } = await plantEverywhere(scratch, draw, () => `z${random.text(lower, 9)}`);
  const run = await cli(['--home', home, '--bundle', '--json', ...args], { env, cwd: scratch.path });
  const made = /^Bundle written: (\S+\.zip)/.exec(run.stderr)?.[1] ?? run.stderr;
  const analysed = await cli(['analyze', made, '--json']);
  expect({ stderr: analysed.stderr, exitCode: analysed.exitCode }).toEqual({ stderr: '', exitCode: run.exitCode });
  return placesIn(await readBundle(made), secrets);
}

test('with the text of logs on request, what was planted there is found: the search above can fail', async () => {
  await using scratch = await makeScratch();
  const word = () => `z${random.text(lower, 9)}`;
  const { home, secrets, env } = await plantEverywhere(scratch, () => `q${random.text(lower, 15)}`, word);
  const file = join(scratch.path, 'x.zip');
  const run = await cli(['bundle', '--home', home, '--include-log-text', '-o', file], { env, cwd: scratch.path });
  expect(run.exitCode).toBe(0);
  const found = placesIn(await readBundle(file), secrets);
  expect(found).toContain('log: prose in log/daemon-recovery.log');
  expect(found).toContain('rotated log in log/daemon-recovery.log.2');
  // Names and ids pass the gate whatever is asked for.
  expect(found.filter((place) => /^(?:id|name|table|column)\b/.test(place))).toEqual([]);
});
