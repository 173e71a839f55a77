// A fast part of `npm run battery:secrets`; what it tries: test/README.md.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { makeScratch } from '../fixtures/scratch.ts';
import { encodings } from '../fixtures/secrets/encodings.ts';
import { findLeaks } from '../fixtures/secrets/leaks.ts';
import { planHomes } from '../fixtures/secrets/plan.ts';
import { innocentTexts, score } from '../fixtures/secrets/score.ts';
import { kinds } from '../fixtures/secrets/values.ts';

test('every secret is found in a text that holds it, however it is encoded', () => {
  expect([kinds.length, encodings.length]).toEqual([211, 69]);
  // Four digits between hyphens are in every id, so they tell of nothing.
  const plants = planHomes('found', 2, 15)
    .flatMap((home) => home.plants)
    .filter(({ encoding, secret }) => encoding.name !== 'hyphened' || /[g-z]/i.test(secret.text));
  const missed = plants.filter(
    (plant) => findLeaks([plant], [{ name: 'x', text: `{"a":"${plant.text}"}` }], []).length === 0,
  );
  expect(missed.map(({ encoding, secret }) => `${encoding.name} ${secret.kind}`)).toEqual([]);
});

test('secrets at 29 places of a home and around it: none is in a bundle', async () => {
  await using scratch = await makeScratch();
  const innocent = await innocentTexts(scratch.path);
  for (const [index, planned] of planHomes('ci', 2, 4).entries()) {
    const folder = join(scratch.path, String(index));
    mkdirSync(folder);
    const { leaks, exitCode } = await score(folder, planned, innocent, false);
    expect(
      leaks.map(({ plant, member }) => `${plant.place} ${plant.secret.kind} ${plant.encoding.name} ${member}`),
    ).toEqual([]);
    expect(exitCode).toBe(0);
  }
});
