// A time that passes is told, by every command that has one, and is no bug of ours.
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { makeHome } from '../fixtures/home.ts';
import { makeScratch } from '../fixtures/scratch.ts';
import { timesOf } from '../src/cli/bundle.ts';
import { CannotSee } from '../src/host/host.ts';
import { withLiveHost } from '../src/host/live.ts';

const { signal } = new AbortController();

test('what is asked of a home when the time for the run is over has no answer, for that reason', async () => {
  await using scratch = await makeScratch();
  const home = makeHome(join(scratch.path, 'home'));
  await withLiveHost({ home, env: {}, deadlineMs: 1 }, signal, async (host, ending) => {
    if (!ending.aborted) await new Promise((resolve) => ending.addEventListener('abort', resolve, { once: true }));
    const asked = [
      host.inventory({ inventory: { titles: false, eventsOf: null, budgetMs: 1000 } }, 1000),
      host.replay({ replay: { session: 'one', fromSeq: 0, limit: 1 } }, 1000),
      host.rawRows(null),
    ];
    for (const { status, ...rest } of await Promise.allSettled(asked)) {
      expect(status).toBe('rejected');
      expect(rest).toEqual({ reason: expect.any(CannotSee) });
    }
  });
});

test.each([1, 5, 20, 600])('a bundle has collected its evidence before the %d s that it is given are over', (given) => {
  const { timeout = Number.NaN, moreMs } = timesOf(given);
  expect(timeout * 1000 + moreMs).toBeLessThan(given * 1000);
});
