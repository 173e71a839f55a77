import { withoutHome } from '../src/coven/gates.ts';
import { names } from '../src/coven/layout.ts';
import { defineCheck, fail, from, pass, unknown } from '../src/model/check.ts';

/** Locks that a reset, a repair, or a start or stop of the daemon holds for as long as it works. */
const busyLocks: readonly string[] = [names.stateLock, names.lifecycleLock];

/** No other command is at work on the home: an upgrade in the middle of a reset or a restart meets half of it. */
export const upgradeQuiet = defineCheck({
  id: 'upgrade:quiet',
  category: 'upgrade',
  title: 'No other command is at work on the home',
  explain:
    'A reset or a repair holds `state.lock` to itself, and a start, stop or restart of the daemon `daemon.lock`, for as long as it works. ' +
    'An upgrade in the middle of one meets half of it.',
  causes: {
    ok: { message: () => 'no other command is at work' },
    locked: {
      message: ({ lock, pid }) => `${lock} is held by ${pid ? `pid ${pid}` : 'a process that is not seen here'}`,
      hint: () => 'Wait until that command has ended, and ask again.',
    },
    unseen: {
      message: () => 'locks are not to be seen on this machine, so that no command is proven to be at rest',
      hint: () => 'See to it that no coven command is at work, and leave this check out with --skip.',
    },
  },
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
