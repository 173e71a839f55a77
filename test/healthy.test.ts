import { expect, test } from 'vitest';
import { diagnose } from '../fixtures/diagnose.ts';
import { healthy } from '../fixtures/healthy/index.ts';
import { stagings } from '../fixtures/healthy/variant.ts';
import { makeScratch } from '../fixtures/scratch.ts';

for (const { title, why, stage } of stagings(healthy)) {
  if (why !== null) console.log(`skipped: ${title}: ${why}`);
  test.skipIf(why !== null)(title, async () => {
    await using scratch = await makeScratch();
    const subjects = await stage(scratch);
    const found = await Promise.all(subjects.map(({ home, how }) => diagnose(home, how)));
    for (const [index, { right, says = {} }] of subjects.entries()) {
      const { faults, document } = found[index] as (typeof found)[number];
      const said = document.checks
        .filter(({ status }) => status !== 'pass')
        .map(({ id, message }) => `${id}: ${message}`);
      expect(faults, said.join('\n')).toEqual(right);
      for (const [check, message] of Object.entries(says))
        expect(document.checks.find(({ id }) => id === check)?.message).toBe(message);
    }
  });
}
