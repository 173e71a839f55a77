import type { Child } from '../child/child.ts';

/**
 * How long a job may work on a ledger of so many bytes before it says the next word, in milliseconds: ten minutes for a small one, and two more for
 * each GiB, of which SQLite checks 100 MiB a second. What works longer may be on a hostile one that has no end.
 */
export const workLimitMs = (bytes: number): number => Math.round(600_000 + (bytes * 120_000) / 1024 ** 3);

const lookMs = 2000;

/**
 * Tells from time to time whether a process that says nothing is to be given up: it has worked for longer than it may, or stood still for as long.
 * It is its own time that counts, so that a busy machine does not end what an idle one would have finished; where the system does not
 * tell that, it is the clock's.
 */
export function paceOf(child: Pick<Child, 'spent'>, limitMs: number, now = (): number => performance.now()) {
  const start = child.spent();
  let last = start;
  let moved = now();
  return {
    lookMs,
    isOver: (): boolean => {
      const is = child.spent();
      if (start && is && is.cpuMs - start.cpuMs > limitMs) return true;
      if (is && last && (is.cpuMs > last.cpuMs || is.calls > last.calls)) moved = now();
      last = is;
      return now() - moved > limitMs;
    },
  };
}
