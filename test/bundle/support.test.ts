import { expect, test } from 'vitest';
import { drawFaults, support } from '../../fixtures/bundle/support.ts';
import { faults, whyNot } from '../../fixtures/faults/index.ts';

// Support sees nothing but the bundle. The same faults in every run, of different causes, unless the seed says otherwise;
// COVEN_DOCTOR_SUPPORT=all takes every cause.
const seed = Number(process.env.COVEN_DOCTOR_SEED ?? 3);
const count = process.env.COVEN_DOCTOR_SUPPORT === 'all' ? faults.length : 20;
const made = faults.filter((fault) => whyNot(fault) === null);
if (made.length < faults.length) console.log(`${faults.length - made.length} faults are not made here`);

for (const fault of drawFaults(made, seed, count))
  test(`${fault.name}: a bundle alone names ${fault.cause} and what to do next`, async () => {
    const { message, steps, notOnPage } = await support(fault);
    expect(message).toEqual(expect.any(String));
    expect(steps).not.toEqual([]);
    expect(notOnPage).toEqual([]);
  });
