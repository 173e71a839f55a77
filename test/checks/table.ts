import { describe, expect, it } from 'vitest';
import { type Changes, changed, healthy, said, stopped } from '../../fixtures/seen.ts';
import type { Check } from '../../src/model/check.ts';
import type { Observations } from '../../src/model/observation.ts';

/** What is seen, as changes of a healthy home with a live daemon, and exactly what the check then says. */
export type Row = readonly [what: string, seen: Changes, said: readonly string[], base?: Observations];

/** Judges a check by its table, in process: the same observations give the same findings. */
export function judges(check: Check, rows: readonly Row[]): void {
  describe(check.id, () => {
    for (const [what, seen, expected, base = healthy] of rows) {
      it(what, () => expect(said(check, changed(base, seen))).toEqual(expected));
    }
  });
}

/** The same, of a home whose daemon was stopped. */
export const whenStopped = (what: string, seen: Changes, expected: readonly string[]): Row => [
  what,
  seen,
  expected,
  stopped,
];
