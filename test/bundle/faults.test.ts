import { expect, test } from 'vitest';
import { tryFault } from '../../fixtures/bundle/tried.ts';
import { faults, whyNot } from '../../fixtures/faults/index.ts';
import { makeRandom } from '../../fixtures/redaction/random.ts';

// `npm run battery:bundle` tries them all; here are some, the same ones in every run unless the seed says otherwise.
const seed = Number(process.env.COVEN_DOCTOR_SEED ?? 6);
const random = makeRandom(seed);
const order = faults.map((fault) => ({ fault, at: random.below(1e9) })).toSorted((a, b) => a.at - b.at);
/** A bundle is made where nothing can be written, where there is no ledger to read, and where no home can be listed. */
const always = ['file-system-read-only', 'disk-full', 'ledger-cut-in-half', 'home-is-a-symlink', 'daemon-silent'];
const some = [
  ...faults.filter(({ name }) => always.includes(name)),
  ...order.map(({ fault }) => fault).filter(({ name }) => !always.includes(name)),
].slice(0, 20);

for (const [index, fault] of some.entries()) {
  const why = whyNot(fault);
  if (why !== null) console.log(`no test of ${fault.name}: ${why}`);
  test.skipIf(why !== null)(`${fault.name}: analysed as live, and no secret in it`, async () => {
    const { differing, leaks, wrong } = await tryFault(fault, seed * 1000 + index);
    expect({ differing, leaks, wrong }).toEqual({ differing: [], leaks: [], wrong: [] });
  });
}
