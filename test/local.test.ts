import { expect, test } from 'vitest';
import { seeded } from '../fixtures/damage/random.ts';
import { faults, whyNot } from '../fixtures/faults/index.ts';
import { readOfFault } from '../fixtures/secrets/local.ts';

// `npm run battery:local` takes every fault; CI takes these.
const seed = process.env.COVEN_DOCTOR_SEED ?? '13';
const random = seeded(seed);
const possible = faults.filter((fault) => whyNot(fault) === null);
const chosen =
  process.env.COVEN_DOCTOR_LOCAL === 'all'
    ? possible
    : Array.from({ length: 4 }, () => possible[random.int(possible.length)]).filter((fault) => fault !== undefined);

test.each([...new Set(chosen)])(
  'what is put into the texts of $name is read in no report, saved state or journal',
  async (fault) => {
    expect(await readOfFault(fault, seed)).toEqual([]);
  },
  600_000,
);
