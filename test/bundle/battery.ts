// `npm run battery:bundle`: a bundle of every fault of the library, full of secrets: its analysis finds what the live run
// found, and no secret is in it. `npm run battery:bundle -- NAME…` takes these alone. Exit 1 where a promise is broken.

import { tryFault } from '../../fixtures/bundle/tried.ts';
import { faults, whyNot } from '../../fixtures/faults/index.ts';

const asked = process.argv.slice(2);
const strange = asked.filter((name) => !faults.some((fault) => fault.name === name));
if (strange.length > 0) throw new RangeError(`no faults: ${strange.join(', ')}`);
const counts = { tried: 0, differing: 0, leaking: 0, wrong: 0, left: 0, members: 0 };

for (const [index, fault] of faults.entries()) {
  if (asked.length > 0 && !asked.includes(fault.name)) continue;
  const why = whyNot(fault);
  if (why !== null) {
    counts.left += 1;
    console.log(`${fault.name}: not made here: ${why}`);
    continue;
  }
  const { differing, leaks, wrong, members } = await tryFault(fault, index + 1).catch((error: unknown) => ({
    differing: [],
    leaks: [],
    wrong: [error instanceof Error ? (error.stack ?? error.message) : String(error)],
    members: 0,
  }));
  counts.tried += 1;
  counts.members += members;
  counts.differing += differing.length > 0 ? 1 : 0;
  counts.leaking += leaks.length > 0 ? 1 : 0;
  counts.wrong += wrong.length > 0 ? 1 : 0;
  console.log(`${fault.name}: ${differing.length + leaks.length + wrong.length === 0 ? 'equal, clean' : 'BROKEN'}`);
  for (const line of [...differing, ...leaks, ...wrong]) console.log(`  ${line}`);
}
const { tried, differing, leaking, wrong, left, members } = counts;
console.log(
  `\n${tried} faults, ${members} members: ${differing} analysed otherwise than live, ${leaking} with a secret in the bundle, ` +
    `${wrong} wrong in another way${left > 0 ? `; ${left} not made here` : ''}`,
);
if (differing + leaking + wrong > 0) process.exitCode = 1;
