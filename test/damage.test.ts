// A fast part of `npm run battery:damage`, with exact expectations. How cases are counted: test/README.md.
import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { damaged, type Outcome, runCase, say } from '../fixtures/damage/case.ts';
import type { Condition } from '../fixtures/damage/damage.ts';
import { type Files, sameFiles } from '../fixtures/damage/files.ts';
import { damages } from '../fixtures/damage/index.ts';
import { type Base, makeBase } from '../fixtures/damage/ledger.ts';
import { truthOf } from '../fixtures/damage/oracle.ts';
import { isBad, told } from '../fixtures/damage/score.ts';
import { soundOf } from '../fixtures/damage/sound.ts';
import { findRealCoven } from '../fixtures/real-coven.ts';
import { makeScratch } from '../fixtures/scratch.ts';

/** One of each family of damages: what the oracle, which knows nothing of the product, must make of it. */
const cases: readonly (readonly [name: string, condition: Condition, kind: Outcome['kind']])[] = [
  ['header-page-count-less', 'checkpointed', 'visible'],
  ['header-freelist-lost', 'checkpointed', 'visible'],
  ['byte-kind', 'checkpointed', 'invisible'],
  ['byte-session-id', 'checkpointed', 'visible'],
  ['byte-free-page', 'checkpointed', 'harmless'],
  ['page-leaf-zeroed', 'checkpointed', 'visible'],
  ['page-leaf-empty', 'checkpointed', 'visible'],
  ['page-sessions-root-empty', 'checkpointed', 'visible'],
  ['page-lost-write-half', 'checkpointed', 'visible'],
  ['page-swapped-leaves', 'checkpointed', 'visible'],
  ['child-duplicated', 'checkpointed', 'visible'],
  ['overflow-cut', 'checkpointed', 'visible'],
  ['overflow-crossed', 'checkpointed', 'visible'],
  ['freelist-live-leaf', 'checkpointed', 'visible'],
  ['freelist-loop', 'checkpointed', 'visible'],
  ['autoindex-shorter', 'checkpointed', 'visible'],
  ['index-root-empty', 'checkpointed', 'visible'],
  ['search-docsize-shorter', 'checkpointed', 'visible'],
  ['file-cut-half', 'checkpointed', 'visible'],
  ['file-longer-random', 'checkpointed', 'harmless'],
  ['file-shm-folder', 'checkpointed', 'visible'],
  ['file-shm-missing', 'wal', 'harmless'],
  ['wal-frame-torn', 'wal', 'visible'],
  ['wal-header-zeroed', 'wal', 'visible'],
  ['wal-missing', 'wal', 'shm'],
  ['wal-data-bit', 'restarted', 'visible'],
  ['wal-fork', 'wal', 'visible'],
  ['wal-foreign', 'checkpointed', 'visible'],
  ['wal-older', 'restarted', 'visible'],
  ['wal-longer-random', 'wal', 'harmless'],
];

/** Those that are repaired too, and then used for 25 sessions. */
const repaired = ['page-leaf-zeroed', 'freelist-live-leaf', 'index-root-empty', 'search-docsize-shorter', 'wal-fork'];

const real = findRealCoven();
if ('why' in real) console.log(`no test of damages: ${real.why}`);

describe.skipIf('why' in real)('damages of real ledgers', () => {
  const binary = 'path' in real ? real.path : '';
  let scratch: Awaited<ReturnType<typeof makeScratch>>;
  let base: Base;
  beforeAll(async () => {
    scratch = await makeScratch();
    base = makeBase(join(scratch.path, 'ledger'), binary, 1, 2400);
  });
  afterAll(() => scratch[Symbol.asyncDispose]());

  test.each(cases)('%s, %s: %s', (name, condition, kind) => {
    const damage = damages.find((one) => one.name === name);
    if (!damage) throw new Error(`no damage is called ${name}`);
    const options = { truth: truthOf(base.ground(condition)), fix: repaired.includes(name) };
    const outcome = runCase(join(scratch.path, 'cases'), binary, base, damage, condition, 1, options);
    expect(outcome.kind).toBe(kind);
    expect(isBad(outcome), told(outcome)).toBe(false);
  });

  test('nothing is found in a ledger that is not damaged', () => {
    const alarms = soundOf(base, binary, 'test').flatMap(({ name, make }) => {
      const home = mkdtempSync(join(scratch.path, 'sound-'));
      const said = say(make(home));
      rmSync(home, { recursive: true, force: true });
      return said.store.length > 0 || said.bug ? [`${name}: exit ${said.exit} ${said.store.join('; ')}`] : [];
    });
    expect(alarms).toEqual([]);
  });

  test('the same class, seed and condition change the same places', () => {
    for (const damage of damages) {
      for (const condition of damage.conditions) {
        const made = (): Files => damaged(base.ground(condition), damage, condition, 1);
        expect(sameFiles(made(), made()), `${damage.name} ${condition}`).toBe(true);
      }
    }
  });
});
