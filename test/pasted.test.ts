import { expect, test } from 'vitest';
import { faults, whyNot } from '../fixtures/faults/index.ts';
import { pasteCommands } from '../fixtures/pasted.ts';
import { findRealCoven } from '../fixtures/real-coven.ts';

const real = findRealCoven();
const coven = 'path' in real ? real.path : '';

/** A tenth in CI, drawn by the seed; all of them with COVEN_DOCTOR_PASTED=all (`npm run battery:commands`). */
const seed = Number(process.env.COVEN_DOCTOR_SEED ?? 1);
const drawn = faults.filter((_, index) => process.env.COVEN_DOCTOR_PASTED === 'all' || index % 10 === seed % 10);

for (const fault of drawn) {
  // What a fault mounts ends with the command that runs in it.
  const why =
    ('why' in real ? real.why : null) ??
    whyNot(fault) ??
    (fault.under?.mount === undefined ? null : 'its mounts would not outlive a command');
  if (why !== null) console.log(`the commands of ${fault.name} are not tried: ${why}`);
  test.skipIf(why !== null)(`${fault.name}: each command that is printed works, and makes nothing worse`, async () => {
    const pasted = await pasteCommands(fault, coven);
    expect(pasted.filter(({ wrong }) => wrong.length > 0)).toEqual([]);
  });
}
