import { expect, test } from 'vitest';
import { answersOf, differences } from '../../fixtures/daemon/compare.ts';
import { makeWorld, ours, startDaemon } from '../../fixtures/daemon/daemon.ts';
import { meant } from '../../fixtures/daemon/differences.ts';
import { findRealCoven } from '../../fixtures/real-coven.ts';
import { makeScratch } from '../../fixtures/scratch.ts';

const real = findRealCoven();
if ('why' in real) console.log(`no comparison with the real daemon: ${real.why}`);

const says = (told: string, pattern: string): boolean =>
  pattern.endsWith('…') ? told.startsWith(pattern.slice(0, -1)) : told === pattern;

test.skipIf('why' in real)('both daemons answer alike, but for what is listed', async () => {
  await using one = await makeScratch();
  await using other = await makeScratch();
  const [our, their] = await Promise.all([
    startDaemon(one, makeWorld(one), ours).then(answersOf),
    startDaemon(other, makeWorld(other), ['path' in real ? real.path : '']).then(answersOf),
  ]);
  const found = differences(our, their);
  const listed = meant.flatMap(({ requests, ...rest }) => requests.map((request) => ({ request, ...rest })));
  const matches = (difference: (typeof found)[number], entry: (typeof listed)[number]): boolean =>
    difference.request === entry.request &&
    difference.field === entry.field &&
    says(difference.ours, entry.ours) &&
    says(difference.theirs, entry.theirs);
  console.log(`compared ${our.size} requests: ${found.length} differences, ${listed.length} listed`);
  expect(found.filter((difference) => !listed.some((entry) => matches(difference, entry)))).toEqual([]);
  expect(listed.filter((entry) => !found.some((difference) => matches(difference, entry)))).toEqual([]);
});
