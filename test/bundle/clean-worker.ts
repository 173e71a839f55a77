// Makes the bundles of some clean homes with random environments, one after another in this process, and tells of each a
// line on descriptor 3. Arguments: seed, first home, the one after the last, environments of each.
import { rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { cleanEnvironment, cleanHome } from '../../fixtures/bundle/clean.ts';
import { makeRandom } from '../../fixtures/redaction/random.ts';
import { makeScratch } from '../../fixtures/scratch.ts';
import { readBundle } from '../../src/bundle/read.ts';
import { bundle } from '../../src/cli/bundle.ts';

const [seed = 1, first = 0, last = 0, environments = 0] = process.argv.slice(2).map(Number);
const plain = { PATH: process.env.PATH, HOME: '/nonexistent' };
/** The options of a plain `bundle --json`. */
const asked = {
  modules: [],
  only: [],
  skip: [],
  failOn: 'fail',
  timeout: undefined,
  deep: false,
  estimate: false,
  events: null,
  titles: false,
  logText: false,
  json: true,
} as const;
const never = new AbortController().signal;

for (let home = first; home < last; home += 1) {
  const random = makeRandom(seed * 1000 + home);
  await using scratch = await makeScratch('memory');
  const path = cleanHome(scratch.path, random);
  const output = join(scratch.path, 'x.zip');
  for (let time = 0; time < environments; time += 1) {
    const env = cleanEnvironment(random);
    for (const name of Object.keys(process.env)) delete process.env[name];
    Object.assign(process.env, plain, env);
    const exitCode = await bundle({ ...asked, home: path, output }, never);
    const manifest = exitCode === 0 ? JSON.parse(String((await readBundle(output)).get('manifest.json'))) : {};
    rmSync(output, { force: true });
    writeSync(3, `${JSON.stringify({ home, time, exitCode, reduced: manifest.reduced ?? [], env })}\n`);
  }
}
