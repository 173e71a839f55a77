/**
 * `npm run mutants [-- --sample N --seed N --only PREFIX]`: small mistakes in the pure parts, or in those whose path begins
 * with PREFIX, and whether their tables tell them.
 */
import { parseArgs } from 'node:util';
import { chooseMutants, tryMutants } from './mutants/run.ts';

const { values } = parseArgs({
  options: {
    sample: { type: 'string' },
    seed: { type: 'string', default: '1' },
    only: { type: 'string', default: '' },
  },
});
const chosen = chooseMutants(values.sample ? Number(values.sample) : null, Number(values.seed));
const mutants = chosen.filter(({ file }) => file.startsWith(values.only));
const { tried, killed, explained, survivors } = await tryMutants(mutants, (line) => console.log(line));
const share = ((100 * killed) / (tried - explained.length)).toFixed(1);
console.log(
  `${tried} mutants: ${killed} killed, ${explained.length} explained, ${survivors.length} survived (${share} %).`,
);
process.exitCode = survivors.length > 0.1 * tried ? 1 : 0;
