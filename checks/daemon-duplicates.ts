import { defineCheck, fail, from, pass } from '../src/check.ts';
import { withoutHome } from '../src/coven/gates.ts';
import { ageSeconds, judgeLiveness, livenessNeeds } from '../src/coven/liveness.ts';

/** A second `daemon serve` is refused within milliseconds; one that lives longer contends for the ledger. */
const refusedWithinSeconds = 10;

/** Daemons of this home beside the one that serves it, as on an unlinked socket or a home that was deleted. */
export const daemonDuplicates = defineCheck({
  id: 'daemon:duplicates',
  category: 'daemon',
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
