import { describe, expect, test } from 'vitest';
import { hostileInputs } from '../fixtures/bounds/inputs.ts';
import { runBounded } from '../fixtures/bounds/run.ts';
import { makeScratch } from '../fixtures/scratch.ts';

const mostBytes = 400 * 1024 ** 2;
/** Runs have 5 seconds, and some for a bundle beyond that; the rest is for a machine that is busy. */
const killMs = 240_000;
/** What each was found with; `npm run bounds` also tries that doubled, and doubled twice. */
const scales = process.env.COVEN_DOCTOR_BOUNDS === 'all' ? [1, 2, 4] : [1];

describe.each(scales)('%i times what was enough', (scale) => {
  test.each(hostileInputs)('$name: bounded in time and memory', async ({ make }) => {
    await using scratch = await makeScratch();
    const { args, env } = await make(scratch, scale);
    const { end, peakBytes, stderr } = await runBounded(args, { cwd: scratch.path, killMs, ...(env && { env }) });
    expect({ end, stderr }).toEqual({
      end: expect.toBeOneOf([0, 1, 2, 3, 5, 6]),
      stderr: expect.not.stringContaining('bug'),
    });
    expect(Math.round(peakBytes / 1024 ** 2)).toBeLessThanOrEqual(mostBytes / 1024 ** 2);
  });
});
