import { expect, it } from 'vitest';
import { chooseMutants, tryMutants } from './mutants/run.ts';

// `npm run mutants` tries every one of them; another seed draws another part.
const [sample, seed] = [250, Number(process.env.COVEN_DOCTOR_SEED ?? 1)];

it('at least nine of ten small mistakes in the pure parts are told by their tables', async () => {
  const survivors: string[] = [];
  const score = await tryMutants(chooseMutants(sample, seed), (line) => survivors.push(line));
  expect(score.tried).toBe(sample);
  expect(score.killed / (score.tried - score.explained.length), survivors.join('\n')).toBeGreaterThanOrEqual(0.9);
});
