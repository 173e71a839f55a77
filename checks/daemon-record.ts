import { defineCheck, fail, from, pass, unknown, warn } from '../src/check.ts';
import { withoutHome } from '../src/coven/gates.ts';
import { isConfirmed, judgeLiveness, livenessNeeds } from '../src/coven/liveness.ts';

/**
 * daemon.json and the process that it names. Coven heals a dead pid by itself; it takes a zombie or any other process
 * of that number for a live daemon, and then refuses to start, stop and restart.
 */
export const daemonRecord = defineCheck({
  id: 'daemon:record',
  category: 'daemon',
  needs: livenessNeeds,
  skip: withoutHome,
  judge: (seen) => {
    const { state, pid, startedAt, socketIsOurs, bytes } = seen['daemon.record'];
    const { recordedPid, pid: live } = judgeLiveness(seen);
    const process = seen.processes.list.find((process) => process.pid === pid);
    const target = '<coven-home>/daemon.json';
    const rest = {
      facts: { state, pid, bytes, live, command: process?.command ?? null },
      evidence: [
        ...from('daemon.record', {
          state,
          pid,
          startedAt,
          bytes,
          socketIsOurs,
        }),
        ...(process
          ? from('processes', {
              state: process.state,
              startedAt: process.startedAt,
              role: process.role,
              home: process.home,
            })
          : []),
      ],
    };
    if (state === 'absent') return [pass(target, rest)];
    if (state === 'invalid') return [warn('invalid', target, rest)];
    if (state !== 'valid') return [fail('unreadable', target, rest)];
    switch (recordedPid) {
      case 'dead':
        return [warn('dead-pid', target, rest)];
      case 'zombie':
        return [fail('zombie-pid', target, rest)];
      case 'reused':
        return [fail('reused-pid', target, rest)];
      case 'unproven':
        return [unknown('undetermined', target, rest)];
      default:
        // In a container the home has another path; who answers here wrote the record all the same.
        return [socketIsOurs || isConfirmed(seen) ? pass(target, rest) : warn('foreign-socket', target, rest)];
    }
  },
});
