import { defineCheck, fail, from, pass, unknown } from '../src/check.ts';
import { withoutHome } from '../src/coven/gates.ts';
import { names } from '../src/coven/layout.ts';

/** Locks that a reset, a repair, or a start or stop of the daemon holds for as long as it works. */
const busyLocks: readonly string[] = [names.stateLock, names.lifecycleLock];

/** No other command is at work on the home: an upgrade in the middle of a reset or a restart meets half of it. */
export const upgradeQuiet = defineCheck({
  id: 'upgrade:quiet',
  category: 'upgrade',
  needs: ['home', 'home.locks'],
  skip: withoutHome,
  judge: ({ 'home.locks': { files, method } }) => {
    const held = files.flatMap(({ name, holders }) =>
      busyLocks.includes(name) ? holders.filter(({ exclusive }) => exclusive).map(({ pid }) => ({ name, pid })) : [],
    );
    const [first] = held;
    const rest = {
      facts: { lock: first?.name ?? null, pid: first?.pid ?? null },
      evidence: from('home.locks', { method, ...Object.fromEntries(held.map(({ name, pid }) => [name, pid])) }),
    };
    // Where no lock is to be seen, none is proven to be free.
    if (method === 'none') return [unknown('unseen', '<coven-home>', rest)];
    return [first ? fail('locked', `<coven-home>/${first.name}`, rest) : pass('<coven-home>', rest)];
  },
});
