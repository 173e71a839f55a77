import { afterAll, beforeAll, expect, test } from 'vitest';
import { checks } from '../checks/index.ts';
import { type Stage, stageHomes } from '../src/kit/stage.ts';
import { rules, tryCheck } from '../src/kit/trials.ts';

const { signal } = new AbortController();
let stage: Stage;
beforeAll(async () => {
  stage = await stageHomes(signal);
});
afterAll(() => stage[Symbol.asyncDispose]());

test.each(checks.map((check) => [check.id, check] as const))('%s passes the kit', async (_, check) => {
  const { tried, wrong } = await tryCheck({ check, confined: check }, stage, signal);
  expect(wrong).toEqual([]);
  for (const rule of rules) expect(tried[rule]).toBeGreaterThanOrEqual(stage.homes.length);
});
