// `npm run battery:clean`: bundles of homes in which nothing is secret, each with random environments whose values are
// often words of the bundle itself. None may be withheld or reduced. `-- 20 5` takes 20 homes with 5 environments each.
import { join } from 'node:path';
import { cleanEnvironment, cleanHome } from '../../fixtures/bundle/clean.ts';
import { cli } from '../../fixtures/diagnose.ts';
import { makeRandom } from '../../fixtures/redaction/random.ts';
import { makeScratch } from '../../fixtures/scratch.ts';

const [homes = 200, environments = 20] = process.argv.slice(2).map(Number);
const random = makeRandom(Number(process.env.COVEN_DOCTOR_SEED ?? 1));
const counts = { made: 0, reduced: 0, withheld: 0 };
for (let home = 0; home < homes; home += 1) {
  await using scratch = await makeScratch('memory');
  const path = cleanHome(scratch.path, random);
  for (let time = 0; time < environments; time += 1) {
    const env = cleanEnvironment(random);
    const { exitCode, stdout, stderr } = await cli(
      ['bundle', '--home', path, '--json', '-o', join(scratch.path, 'x.zip')],
      { env, cwd: scratch.path },
    );
    const { reduced = [], withheld = [] } = exitCode === 0 || exitCode === 6 ? JSON.parse(stdout) : {};
    counts.made += 1;
    counts.reduced += reduced.length > 0 ? 1 : 0;
    counts.withheld += exitCode === 0 ? 0 : 1;
    if (exitCode !== 0 || reduced.length > 0)
      console.log(
        `home ${home}, environment ${time}: exit ${exitCode} ${stderr}${JSON.stringify({ reduced, withheld, env })}`,
      );
  }
}
console.log(`${counts.made} bundles of ${homes} homes: ${counts.withheld} withheld, ${counts.reduced} reduced`);
if (counts.withheld + counts.reduced > 0) process.exitCode = 1;
