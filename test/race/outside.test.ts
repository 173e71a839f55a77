import { describe, expect, test } from 'vitest';
import { race, races } from '../../fixtures/race/race.ts';
import { makeScratch } from '../../fixtures/scratch.ts';

const isRoot = process.geteuid?.() === 0;
if (!isRoot) console.warn('test/race is skipped: only root can start another user’s process');

/** For each command; `npm run race` takes a minute. */
const seconds = Number(process.env.COVEN_DOCTOR_RACE_SECONDS ?? 3);

describe.runIf(isRoot)('another user who moves what a command meets outside a home', () => {
  test.each(races)('$name changes nothing elsewhere', { timeout: seconds * 2000 + 120_000 }, async (one) => {
    await using scratch = await makeScratch();
    const { runs, wins } = await race(one, scratch, seconds);
    expect({ runs: runs > 0, wins }).toEqual({ runs: true, wins: [] });
  });
});
