import { defineCheck, type Facts, fail, from, pass, unknown, warn } from '../src/check.ts';
import { withoutHome } from '../src/coven/gates.ts';
import { names } from '../src/coven/layout.ts';
import { judgeLiveness, livenessNeeds } from '../src/coven/liveness.ts';
import type { Silence } from '../src/observation.ts';

/** What was seen of a daemon while it gave no answer. */
export function seenOf(silence: Silence | undefined): Facts {
  if (!silence) return {};
  const { watchedMs, state, runnable, cpuMs, log, lateMs } = silence;
  return { watchedMs, state, runnable, cpuMs, log, lateMs };
}

/** The verdict: is a daemon of this home alive and reachable? */
export const daemon = defineCheck({
  id: 'daemon',
  category: 'daemon',
  needs: livenessNeeds,
  skip: (seen) => (seen.home.kind === 'absent' ? undefined : withoutHome(seen)),
  judge: (seen) => {
    const liveness = judgeLiveness(seen);
    const { verdict, pid, proof, recordedPid, disagrees } = liveness;
    const { record, health, socket } = {
      record: seen['daemon.record'],
      health: seen['daemon.health'],
      socket: seen['daemon.socket'],
    };
    const holder = seen['home.locks'].files.find(({ name }) => name === names.serveLock)?.holders[0];
    const process = seen.processes.list.find((process) => process.pid === pid);
    const rest = {
      facts: {
        pid,
        proof,
        recordedPid,
        recordPid: record.pid,
        healthPid: health.body?.pid ?? null,
        disagrees: disagrees.join(', '),
        stopped: (health.silence?.state ?? process?.state) === 'T',
        ...seenOf(health.silence),
      },
      evidence: [
        ...from('home.locks', {
          method: seen['home.locks'].method,
          serveLockHolder: holder?.pid ?? null,
        }),
        ...from('daemon.socket', {
          kind: socket.kind,
          connect: socket.connect,
          errno: socket.errno,
        }),
        ...from('daemon.health', {
          outcome: health.outcome,
          tries: health.tries,
          pid: health.body?.pid ?? null,
          ...seenOf(health.silence),
        }),
        ...from('daemon.record', {
          state: record.state,
          pid: record.pid,
          startedAt: record.startedAt,
        }),
        ...(process
          ? from('processes', {
              pid: process.pid,
              state: process.state,
              startedAt: process.startedAt,
            })
          : []),
      ],
    };
    switch (verdict) {
      case 'running': {
        // It runs, whatever a record holds that cannot be read.
        const evidence = rest.evidence.filter(
          ({ observation }) => observation !== 'daemon.record' || record.state !== 'unreadable',
        );
        return [pass('<daemon-socket>', { ...rest, evidence })];
      }
      case 'stopped':
      case 'starting':
        return [warn(verdict, '<daemon-socket>', rest)];
      case 'slow':
      case 'undetermined':
        return [unknown(verdict, '<daemon-socket>', rest)];
      default:
        return [fail(verdict, '<daemon-socket>', rest)];
    }
  },
});
