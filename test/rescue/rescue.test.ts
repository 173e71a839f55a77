// A fast part of `npm run battery:rescue`: what is counted, and how, is in fixtures/rescue.
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { damaged } from '../../fixtures/damage/case.ts';
import type { Condition, Ground } from '../../fixtures/damage/damage.ts';
import { damages } from '../../fixtures/damage/index.ts';
import { makeBase } from '../../fixtures/damage/ledger.ts';
import { findRealCoven } from '../../fixtures/real-coven.ts';
import { isBadRescue, runRescueCase, tellRescue } from '../../fixtures/rescue/case.ts';
import { groundsOf } from '../../fixtures/rescue/grounds.ts';
import { type Truth, truthOf } from '../../fixtures/rescue/score.ts';
import { makeScratch } from '../../fixtures/scratch.ts';

/** One of each family, and the exit code: 0 nothing lost, 1 something, 3 perhaps something, null what the page that is hit says. */
const cases: readonly (readonly [name: string, condition: Condition, exit: number | null])[] = [
  ['header-zeroed', 'checkpointed', 0],
  ['header-page-size', 'checkpointed', 0],
  ['byte-session-id', 'checkpointed', 1],
  ['byte-cell-pointer', 'checkpointed', 0],
  ['byte-free-page', 'checkpointed', 0],
  ['page-leaf-zeroed', 'checkpointed', 1],
  ['page-shifted', 'checkpointed', null],
  ['page-first-block-zeroed', 'checkpointed', 3],
  ['page-sessions-zeroed', 'checkpointed', 1],
  ['interior-zeroed', 'checkpointed', 0],
  ['overflow-crossed', 'checkpointed', 1],
  ['freelist-live-leaf', 'checkpointed', 0],
  ['index-root-zeroed', 'checkpointed', 0],
  ['file-of-another-home', 'checkpointed', 0],
  // Its frames prove each other by their checksums.
  ['wal-header-zeroed', 'wal', 0],
  ['wal-last-torn', 'wal', 3],
  // Of its own WAL nothing is known then.
  ['wal-fork', 'wal', 3],
  ['wal-older', 'wal', 3],
  // A row of the WAL is there in part: it is lost, not deleted.
  ['overflow-zeroed', 'wal', 1],
  ['wal-written-wrong-zeros', 'wal', null],
  // Pages of different times, each of them sound.
  ['page-lost-write-search', 'checkpointed', 0],
  // The WAL is of this ledger, though a byte of the main file speaks against it.
  ['header-change-counter', 'restarted', 0],
  ['byte-rowid', 'restarted', null],
  // Its events stay, and a placeholder stands for it.
  ['byte-session-row', 'checkpointed', 1],
  // Pages that only frames of an older generation still hold.
  ['file-cut-half', 'restarted', 1],
  ['wal-missing', 'restarted', 3],
];

const real = findRealCoven();
if ('why' in real) console.log(`no test of rescues: ${real.why}`);

describe.skipIf('why' in real)('a rescue', () => {
  const binary = 'path' in real ? real.path : '';
  let scratch: Awaited<ReturnType<typeof makeScratch>>;
  let ground: (condition: Condition) => Ground;
  const truths = new Map<Condition, Truth>();
  const truthIn = (condition: Condition): Truth => {
    const known = truths.get(condition) ?? truthOf(ground(condition));
    truths.set(condition, known);
    return known;
  };
  beforeAll(async () => {
    scratch = await makeScratch();
    ground = groundsOf(makeBase(join(scratch.path, 'ledger'), binary, 1, 2400), 1);
  });
  afterAll(() => scratch[Symbol.asyncDispose]());

  test.each(cases)('%s, %s: every row that is left, none that is not, exit %i', (name, condition, exit) => {
    const damage = damages.find((one) => one.name === name);
    if (!damage) throw new Error(`no damage is called ${name}`);
    const folder = join(scratch.path, 'case');
    const files = damaged(ground(condition), damage, condition, 1);
    const asked = { coven: binary, shell: null };
    const one = runRescueCase(folder, truthIn(condition), files, { damage: name, condition, seed: 1 }, asked);
    expect(isBadRescue(one), tellRescue(one)).toBe(false);
    expect(one.rescued, tellRescue(one)).toBe(one.left);
    if (exit !== null) expect(one.exit).toBe(exit);
  });
});
