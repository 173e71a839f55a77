import { moveRecord, toRestart } from '../src/coven/advice.ts';
import { withoutHome } from '../src/coven/gates.ts';
import { isConfirmed, judgeLiveness, livenessNeeds } from '../src/coven/liveness.ts';
import { recordRemedy } from '../src/fix/remedies/daemon.ts';
import { defineCheck, fail, from, pass, unknown, warn } from '../src/model/check.ts';
import { homeWord } from '../src/model/shell.ts';

/**
 * daemon.json and the process that it names. Coven heals a dead pid by itself; it takes a zombie or any other process
 * of that number for a live daemon, and then refuses to start, stop and restart.
 */
export const daemonRecord = defineCheck({
  id: 'daemon:record',
  category: 'daemon',
  title: 'daemon.json names the daemon',
  explain:
    'Coven heals a record whose process is gone. It takes a process that was not reaped, and any process that has got the same ' +
    'number since, for a live daemon: start, stop and restart then refuse until that process ends.',
  causes: {
    ok: {
      message: ({ state, pid, live }) =>
        state === 'absent'
          ? live === null
            ? 'no record'
            : 'no record; Coven writes it anew'
          : `names the live daemon (pid ${pid})`,
    },
    unreadable: {
      message: ({ state, bytes }) =>
        `daemon.json cannot be read (${state}, ${bytes ?? 'no'} bytes); every coven command, its doctor included, fails on it`,
      hint: () => `mv ${homeWord('daemon.json')} ${homeWord('daemon.json.aside')}`,
      remedy: recordRemedy,
    },
    'pid-out-of-range': {
      message: ({ pid }) =>
        `daemon.json names pid ${pid}, which no process can have; Coven cannot tell whether it lives, and refuses to start, stop and restart`,
      hint: moveRecord,
      remedy: recordRemedy,
    },
    invalid: {
      message: () => 'daemon.json is no valid record; Coven takes it for absent and removes or rewrites it',
      hint: () => 'nothing to do; keep a copy if you want to know how it came to be',
      remedy: recordRemedy,
    },
    'dead-pid': {
      message: ({ pid }) => `names pid ${pid}, which is gone: the daemon did not end cleanly`,
      follows: ['daemon stale'],
      remedy: recordRemedy,
    },
    'zombie-pid': {
      message: ({ pid }) =>
        `names pid ${pid}, which has ended and was not reaped; Coven takes it for alive and refuses to start`,
      hint: moveRecord,
      follows: ['daemon stale'],
      remedy: recordRemedy,
    },
    'reused-pid': {
      message: ({ pid, command }) =>
        `names pid ${pid}, which is ${command || 'another process'} by now; Coven takes it for its daemon`,
      hint: moveRecord,
      follows: ['daemon stale'],
      remedy: recordRemedy,
    },
    'foreign-socket': {
      message: () => 'names a socket outside this home; it was probably copied from another one',
      hint: (facts) => `${toRestart(facts)} (this ends its live sessions)`,
      remedy: recordRemedy,
    },
    undetermined: {
      message: ({ pid }) => `it cannot be told whether pid ${pid} is the daemon: it hides its environment`,
      hint: () => 'look at that process yourself before anything is moved',
      follows: ['daemon undetermined'],
    },
  },
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
    if (state === 'pid-out-of-range') return [fail(state, target, rest)];
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
