import { moveRecord, toRestart } from '../src/coven/advice.ts';
import { withoutHome } from '../src/coven/gates.ts';
import { isConfirmed, isOfOtherHome, judgeLiveness } from '../src/coven/liveness.ts';
import { command } from '../src/model/advice.ts';
import { defineCheck, fail, from, pass, unknown, warn } from '../src/model/check.ts';
import { livenessNeeds } from '../src/model/needs.ts';
import { recordRemedy } from '../src/repair/remedies/daemon.ts';

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
            ? 'there is no daemon.json, and no daemon'
            : 'there is no daemon.json; Coven writes it again'
          : `daemon.json names the running daemon (pid ${pid})`,
    },
    unreadable: {
      message: ({ state, bytes, kind }) =>
        kind === 'fifo'
          ? 'every coven command that asks for the daemon waits for ever: daemon.json is a FIFO'
          : `every coven command fails, since daemon.json cannot be read (${kind ?? state}, ${bytes ?? 'no'} bytes)`,
      hint: () => [
        'Move it out of the way:',
        command('mv', '<coven-home>/daemon.json', '<coven-home>/daemon.json.aside'),
      ],
      remedy: recordRemedy,
    },
    'pid-out-of-range': {
      message: ({ pid }) =>
        `daemon.json names pid ${pid}, which no process can have; Coven cannot tell whether it lives, and refuses to start, stop and restart`,
      hint: moveRecord,
      remedy: recordRemedy,
    },
    invalid: {
      message: () => 'daemon.json is not a valid record; Coven ignores it, and removes or rewrites it',
      hint: () => 'There is nothing to do. Keep a copy if you want to know how it came about.',
      remedy: recordRemedy,
    },
    'dead-pid': {
      message: ({ pid }) => `daemon.json names pid ${pid}, which is gone: the daemon did not end cleanly`,
      follows: ['daemon stale'],
      remedy: recordRemedy,
    },
    'zombie-pid': {
      message: ({ pid }) =>
        `the daemon cannot start: daemon.json names pid ${pid}, a zombie process that Coven takes for a live daemon`,
      hint: (facts) => ['Move the record out of the way, then start the daemon:', ...moveRecord(facts)],
      follows: ['daemon stale'],
      remedy: recordRemedy,
    },
    'reused-pid': {
      message: ({ pid, command: name, ofOther }) =>
        ofOther
          ? `the daemon cannot start: daemon.json names pid ${pid}, the live daemon of another home, from which it was copied; Coven takes it for the daemon of this one`
          : `the daemon cannot start: daemon.json names pid ${pid}, which is now ${name || 'another process'}, and Coven takes it for its daemon`,
      hint: (facts) => ['Move the record out of the way, then start the daemon:', ...moveRecord(facts)],
      follows: ['daemon stale'],
      remedy: recordRemedy,
    },
    'foreign-socket': {
      message: () => 'daemon.json names a socket outside this home; it was probably copied from another one',
      hint: (facts) => ['Restart the daemon. This ends its running sessions:', ...toRestart(facts)],
      remedy: recordRemedy,
    },
    undetermined: {
      message: ({ pid }) => `whether pid ${pid} is the daemon could not be determined: it hides its environment`,
      hint: () => 'Look at that process yourself before anything is moved.',
      follows: ['daemon undetermined'],
    },
  },
  needs: livenessNeeds,
  skip: withoutHome,
  judge: (seen) => {
    const { state, pid, startedAt, socketIsOurs, bytes, kind = null } = seen['daemon.record'];
    const { recordedPid, pid: live } = judgeLiveness(seen);
    const process = seen.processes.list.find((process) => process.pid === pid);
    const target = '<coven-home>/daemon.json';
    const rest = {
      facts: { state, pid, bytes, kind, live, command: process?.command ?? null, ofOther: isOfOtherHome(seen) },
      evidence: [
        ...from('daemon.record', {
          state,
          pid,
          startedAt,
          bytes,
          ...(kind !== null && { kind }),
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
