// `npm run battery:secrets`: fake secrets in a home and around it; how much of them can be read in a bundle.
// --seed N, --sample HOMES, --per-place N, --places PATTERN, --no-local, --keep, --verbose.
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { encodings } from '../../fixtures/secrets/encodings.ts';
import type { Leak } from '../../fixtures/secrets/leaks.ts';
import { planHomes } from '../../fixtures/secrets/plan.ts';
import { innocentTexts, type Score, score } from '../../fixtures/secrets/score.ts';
import { kinds } from '../../fixtures/secrets/values.ts';

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    sample: { type: 'string', default: '28' },
    places: { type: 'string', default: '' },
    'per-place': { type: 'string', default: '15' },
    'no-local': { type: 'boolean', default: false },
    keep: { type: 'boolean', default: false },
    verbose: { type: 'boolean', default: false },
  },
});

const told = ({ plant, member, view, characters, around }: Leak): string =>
  `LEAK ${plant.place} ${plant.secret.kind} ${plant.encoding.name} in ${member} (${view}): ${characters} of ${JSON.stringify(plant.text.slice(0, 60))}` +
  (values.verbose ? `\n     ${JSON.stringify(around)}` : '');

function table(scores: readonly Score[]): string {
  const plants = scores.flatMap((one) => one.plants);
  const count = (list: readonly { place: string }[], place: string): number =>
    list.filter((one) => one.place === place).length;
  const leaks = scores.flatMap((one) => one.leaks.map(({ plant }) => plant));
  const local = scores.flatMap((one) => one.localLeaks.map(({ plant }) => plant));
  const lines = [...new Set(plants.map(({ place }) => place))].map(
    (place) => `| ${place} | ${count(plants, place)} | ${count(leaks, place)} | ${count(local, place)} |`,
  );
  const distinct = (list: readonly string[]): number => new Set(list).size;
  return [
    '| place | secrets put there | read in the bundle | read in local reports |',
    '| --- | --- | --- | --- |',
    ...lines,
    '',
    `${kinds.length} kinds, ${encodings.length} encodings, ${lines.length} places, ${scores.length} homes, seed ${values.seed}`,
    `combinations tried: ${distinct(plants.map(({ place, encoding, secret }) => `${place} ${encoding.name} ${secret.kind}`))}`,
    `read in bundles: ${leaks.length} of ${plants.length} (${distinct(leaks.map(({ secret }) => secret.kind))} kinds, ${distinct(leaks.map(({ encoding }) => encoding.name))} encodings, ${distinct(leaks.map(({ place }) => place))} places)`,
    `read in local reports: ${local.length}`,
    `bundles withheld (exit 6): ${scores.filter(({ exitCode }) => exitCode === 6).length} of ${scores.length}; other exit codes: ${[...new Set(scores.map(({ exitCode }) => exitCode))].join(', ')}`,
  ].join('\n');
}

const root = mkdtempSync(join(tmpdir(), 'doctor-secrets-'));
try {
  const innocent = await innocentTexts(root);
  const scores: Score[] = [];
  const homes = planHomes(values.seed, Number(values.sample), Number(values['per-place']), new RegExp(values.places));
  for (const [index, planned] of homes.entries()) {
    const folder = join(root, String(index));
    mkdirSync(folder);
    const one = await score(folder, planned, innocent, !values['no-local'] && index % 4 < 2);
    scores.push(one);
    if (!values.keep) rmSync(folder, { recursive: true, force: true });
    console.log(
      `home ${index} ${planned.condition}: exit ${one.exitCode}, ${one.members.length} members, ${one.leaks.length} leaks, ${one.localLeaks.length} local`,
    );
    for (const leak of one.leaks) console.log(told(leak));
    for (const leak of one.localLeaks) console.log(`local ${told(leak)}`);
  }
  console.log(table(scores));
  if (scores.some(({ leaks }) => leaks.length > 0)) process.exitCode = 1;
} finally {
  if (values.keep) console.log(root);
  else rmSync(root, { recursive: true, force: true });
}
