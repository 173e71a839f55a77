import { setTimeout as sleep } from 'node:timers/promises';
import { judgeRows, rowNeeds } from '../coven/rows.ts';
import { see } from '../host/host.ts';
import { whole } from '../model/observation.ts';
import { lookAfresh } from './look-afresh.ts';

const pauseMs = 2000;

/**
 * Resolves when no session is running according to the checks, or when the time is over. The report then says which are
 * running. Does not wait for a home whose rows cannot be read. Rejects when `signal` fires.
 */
export async function waitIdle(
  home: string,
  seconds: number,
  tell: (sessions: number, secondsLeft: number) => void,
  signal: AbortSignal,
): Promise<void> {
  const end = performance.now() + seconds * 1000;
  for (;;) {
    const busy = await busySessions(home, signal);
    signal.throwIfAborted();
    const left = end - performance.now();
    if (busy === 0 || left <= 0) return;
    tell(busy, left / 1000);
    await sleep(Math.min(pauseMs, left), undefined, { signal });
  }
}

/** Sessions that are running, or may be. */
const busySessions = (home: string, signal: AbortSignal): Promise<number> =>
  lookAfresh(home, signal, async (host) => {
    const rows = whole(await see(host, rowNeeds), rowNeeds);
    if (!rows) return 0;
    const { live, doubtful, unmatchedRuns } = judgeRows(rows);
    return live.length + doubtful.length + unmatchedRuns;
  });
