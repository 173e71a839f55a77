import { join } from 'node:path';
import { expect, test } from 'vitest';
import { cleanEnvironment, cleanHome } from '../../fixtures/bundle/clean.ts';
import { cli } from '../../fixtures/diagnose.ts';
import { makeRandom } from '../../fixtures/redaction/random.ts';
import { makeScratch } from '../../fixtures/scratch.ts';

// `npm run battery:clean` makes 4,000; these are the same ones in every run unless the seed says otherwise.
const random = makeRandom(Number(process.env.COVEN_DOCTOR_SEED ?? 9));

test('a home without a secret is never withheld, whatever words the environment calls secrets', async () => {
  const wrong: unknown[] = [];
  for (let home = 0; home < 4; home += 1) {
    await using scratch = await makeScratch();
    const path = cleanHome(scratch.path, random);
    for (let time = 0; time < 2; time += 1) {
      const env = cleanEnvironment(random);
      const args = ['bundle', '--home', path, '--json', '-o', join(scratch.path, `${time}.zip`)];
      const { exitCode, stdout } = await cli(args, { env, cwd: scratch.path });
      const { reduced, withheld } = JSON.parse(stdout);
      if (exitCode !== 0 || reduced.length > 0) wrong.push({ exitCode, reduced, withheld, env });
    }
  }
  expect(wrong).toEqual([]);
});
