import { expect, test } from 'vitest';
import { paceOf, workLimitMs } from '../../src/store/pace.ts';

/** A process that is looked at once a minute, and what it has done since. */
function over(each: (minute: number) => { readonly cpuMs: number; readonly calls: number } | null, minutes: number) {
  let minute = 0;
  const pace = paceOf({ spent: () => each(minute) }, workLimitMs(0), () => minute * 60_000);
  while (minute < minutes) {
    minute += 1;
    if (pace.isOver()) return minute;
  }
  return null;
}

test('a machine that gives a process a tenth of its time ends nothing that an idle one would have finished', () => {
  expect(over((minute) => ({ cpuMs: minute * 6000, calls: 0 }), 99)).toBe(null);
});

test('a process that works without end is given up, and one that waits for a disk that answers is not', () => {
  expect(over((minute) => ({ cpuMs: minute * 60_000, calls: 0 }), 999)).toBe(11);
  expect(over((minute) => ({ cpuMs: 5, calls: minute }), 999)).toBe(null);
});

test('a process that stands still is given up, as is one of which the system tells nothing', () => {
  expect(over(() => ({ cpuMs: 5, calls: 7 }), 999)).toBe(11);
  expect(over(() => null, 999)).toBe(11);
});

test('a larger ledger has more time', () => {
  expect([workLimitMs(0), workLimitMs(10 * 1024 ** 3)]).toEqual([600_000, 1_800_000]);
});
