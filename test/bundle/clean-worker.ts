// Makes the bundles of some clean homes with random environments, and tells of each a line on descriptor 3. The first of each home
// is made as the command does, with its processes; the others from the same diagnosis, by the same code in this process: what their
// environments say must go is gathered, redacted, packed, written, read and proven for each of them.
// Arguments: seed, first home, the one after the last, environments of each.
import { rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { cleanEnvironment, cleanHome } from '../../fixtures/bundle/clean.ts';
import { makeRandom } from '../../fixtures/redaction/random.ts';
import { makeScratch } from '../../fixtures/scratch.ts';
import { readBundle } from '../../src/bundle/read.ts';
import { bundle, packedBy } from '../../src/cli/bundle.ts';
import { diagnoseHome } from '../../src/cli/diagnosis/diagnose-home.ts';
import { placeIn } from '../../src/cli/options/bundle-place.ts';
import { withPluginChecks } from '../../src/cli/options/plugins.ts';
import type { Packer } from '../../src/packing/packer.ts';
import { hits, packed } from '../../src/packing/packing.ts';
import { nothingAccepted } from '../../src/run/accepted.ts';

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
  force: false,
  events: null,
  titles: false,
  logText: false,
  json: true,
} as const;
const never = new AbortController().signal;
/** Milliseconds for all bundles of one home, on a machine however busy. */
const moreMs = 3_600_000;

const begin = (): void => undefined;
const here: Packer = {
  pack: async (request) =>
    (await packed({ ...request, givenUp: new Map() }, begin)) ?? { hits: request.found.at(-1) ?? [] },
  prove: (path, forbidden) => hits({ path, forbidden }, begin),
  end: async () => undefined,
};

/** What the next bundle is made in. */
function enter(env: Readonly<Record<string, string>>): void {
  for (const name of Object.keys(process.env)) delete process.env[name];
  Object.assign(process.env, plain, env);
}

async function tell(home: number, time: number, isWithheld: boolean, output: string, env: object): Promise<void> {
  const manifest = isWithheld ? {} : JSON.parse(String((await readBundle(output)).get('manifest.json')));
  rmSync(output, { force: true });
  writeSync(3, `${JSON.stringify({ home, time, isWithheld, reduced: manifest.reduced ?? [], env })}\n`);
}

async function run(home: number): Promise<void> {
  const random = makeRandom(seed * 1000 + home);
  await using scratch = await makeScratch('memory');
  const path = cleanHome(scratch.path, random);
  const output = join(scratch.path, 'x.zip');
  const [env = {}, ...others] = Array.from({ length: environments }, () => cleanEnvironment(random));
  enter(env);
  await tell(home, 0, (await bundle({ ...asked, home: path, output }, never)) !== 0, output, env);
  const checks = await withPluginChecks([], path, never);
  await diagnoseHome(
    checks,
    { ...asked, home: path },
    never,
    async (found) => {
      for (const [index, env] of others.entries()) {
        enter(env);
        const wanted = {
          accepted: nothingAccepted,
          place: placeIn(output, path),
          home: path,
          tell: begin,
        };
        const { withheld } = await packedBy(here, found, { ...asked, ...wanted });
        await tell(home, index + 1, withheld.length > 0, output, env);
      }
    },
    { moreMs },
  );
}

async function all(): Promise<void> {
  for (let home = first; home < last; home += 1) await run(home);
}
void all();
