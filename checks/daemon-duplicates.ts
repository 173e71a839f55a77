import { withoutHome } from '../src/coven/gates.ts';
import { ageSeconds, judgeLiveness, livenessNeeds } from '../src/coven/liveness.ts';
import { count } from '../src/model/amounts.ts';
import { defineCheck, fail, from, pass } from '../src/model/check.ts';

/** A second `daemon serve` is refused within milliseconds; one that lives longer contends for the ledger. */
const refusedWithinSeconds = 10;

/** Daemons of this home beside the one that serves it, as on an unlinked socket or a home that was deleted. */
export const daemonDuplicates = defineCheck({
  id: 'daemon:duplicates',
  category: 'daemon',
  title: 'No second daemon serves this home',
  explain:
    'A second daemon is refused while the first holds its lock. Where the lock file or the whole home was removed beneath a living ' +
    'daemon, a second one starts, and both write.',
  causes: {
    ok: { message: () => 'no other daemon serves this home' },
    'second-daemon': {
      message: ({ count: n, pids, pid }) =>
        `${count(n, 'other daemon runs', 'other daemons run')} for this home: pid ${pids}${pid === null ? '' : `; pid ${pid} serves it`}`,
      hint: ({ pids }) =>
        `Find out which sessions each of them runs, then end the one that you do not want with \`kill -TERM\` (pid ${pids}).`,
      follows: ['daemon duplicate'],
    },
  },
  needs: livenessNeeds,
  skip: withoutHome,
  judge: (seen) => {
    const { verdict, pid } = judgeLiveness(seen);
    const { now } = seen.machine;
    const daemons = seen.processes.list.filter(
      ({ role, home, state }) => role === 'serve' && home === 'this' && state !== 'Z',
    );
    const others = daemons.filter(
      (process) =>
        process.pid !== pid && (process.listening || (ageSeconds(process.startedAt, now) ?? 0) > refusedWithinSeconds),
    );
    const facts = { pids: others.map((process) => process.pid).join(', '), count: others.length, pid, verdict };
    const evidence = [
      ...from('processes', { daemons: daemons.length }),
      ...others.flatMap((process) =>
        from('processes', {
          [`${process.pid}.startedAt`]: process.startedAt,
          [`${process.pid}.listening`]: process.listening,
        }),
      ),
    ];
    return [
      others.length > 0
        ? fail('second-daemon', '<coven-home>', { facts, evidence })
        : pass('<coven-home>', { facts, evidence }),
    ];
  },
});
