import { dropName } from '../src/coven/advice.ts';
import { withoutHome } from '../src/coven/gates.ts';
import { judgeLiveness } from '../src/coven/liveness.ts';
import { type Advice, command } from '../src/model/advice.ts';
import { defineCheck, type Facts, fail, from, pass, unknown, warn } from '../src/model/check.ts';
import { livenessNeeds } from '../src/model/needs.ts';
import { socketModeRemedy, socketRemedy } from '../src/repair/remedies/daemon.ts';

const seeListener = ({ listenerPid }: Facts): Advice => [
  ...(listenerPid == null
    ? []
    : ['See what it is:', command('ps', '-o', 'pid,user,lstart,cmd', '-p', String(listenerPid))]),
  'Coven refuses until it has ended or <daemon-socket> is moved away. Then start the daemon.',
];

/** The socket file and who listens on it. */
export const daemonSocket = defineCheck({
  id: 'daemon:socket',
  category: 'daemon',
  title: 'The socket is the daemon’s',
  explain:
    'Coven accepts only a socket of mode 0600 that belongs to you. It refuses everything else for every command and repairs none ' +
    'of it. A leftover socket that refuses connections is replaced by the next start.',
  causes: {
    ok: {
      message: ({ kind }) =>
        kind === 'absent' ? 'there is no socket, and no daemon that needs one' : 'the daemon listens on its socket',
    },
    stale: {
      message: () => 'nobody listens on the socket that a daemon left behind',
      hint: () => 'It does no harm while no daemon runs: the next start replaces it.',
      follows: ['daemon stale', 'daemon:socket open-mode', 'daemon elsewhere'],
      remedy: socketRemedy,
    },
    'not-a-socket': {
      message: ({ kind }) => `every coven command fails: <daemon-socket> is a ${kind}, not a socket`,
      hint: () => [
        'Move it out of the way:',
        command('mv', '<coven-home>/coven.sock', '<coven-home>/coven.sock.aside'),
      ],
      remedy: socketRemedy,
    },
    'foreign-owner': {
      message: ({ uid }) => `<daemon-socket> belongs to another user (uid ${uid}), so nothing was sent to it`,
      hint: () => 'Find out who put it there before you move it away.',
    },
    'open-mode': {
      message: ({ mode }) => `Coven refuses <daemon-socket>: its mode is ${mode}, and only 0600 is accepted`,
      hint: () => [command('chmod', '0600', '<coven-home>/coven.sock')],
      remedy: socketModeRemedy,
    },
    'foreign-listener': {
      message: ({ listenerPid, servesHome }) =>
        servesHome
          ? `<daemon-socket> is one more name of the socket of another home, ${servesHome}; its daemon (pid ${listenerPid}) answers here`
          : `${listenerPid === null ? 'another process' : `another process (pid ${listenerPid})`} listens on <daemon-socket>; it is not the daemon of this home`,
      hint: (facts) => (facts.servesHome ? dropName(facts) : seeListener(facts)),
      follows: ['daemon foreign'],
    },
    'wrong-type': {
      message: ({ listenerPid }) =>
        `every coven command that asks the daemon fails: <daemon-socket> is a socket of another type (seqpacket or datagram), ${listenerPid === null ? 'which a running program has open' : `of pid ${listenerPid}`}`,
      hint: seeListener,
    },
    hung: {
      message: ({ pid }) => `the daemon (pid ${pid}) accepts connections and answers nothing`,
      follows: ['daemon hung'],
    },
    slow: {
      message: ({ pid }) => `the daemon (pid ${pid}) has not answered yet`,
      follows: ['daemon slow'],
    },
    unlinked: {
      message: ({ pid }) => `the daemon (pid ${pid}) is alive, but its socket file is gone or is not its own`,
      follows: ['daemon unreachable'],
    },
    undetermined: {
      message: () => 'you may not connect to the socket',
      hint: () => 'Run coven-doctor as the owner of the home.',
    },
  },
  needs: livenessNeeds,
  skip: (seen) =>
    withoutHome(seen) ?? (seen['daemon.socket'].connect === 'too-long' ? 'socket-path-too-long' : undefined),
  judge: (seen) => {
    const { kind, mode, uid, connect, errno, looks } = seen['daemon.socket'];
    const { verdict, pid, listenerPid } = judgeLiveness(seen);
    const listener = listenerPid ?? seen.processes.list.find((process) => process.listening)?.pid ?? null;
    const evidence = from('daemon.socket', {
      kind,
      mode: mode && `0${mode.toString(8)}`,
      uid,
      connect,
      errno,
      looks,
    });
    const rest = {
      facts: {
        kind,
        uid,
        pid,
        listenerPid: listener,
        recordPid: seen['daemon.record'].pid,
        servesHome: seen['daemon.socket'].serves?.home ?? null,
        mode: mode === null ? null : `0${mode.toString(8)}`,
      },
      evidence,
    };
    const target = '<daemon-socket>';

    if (kind !== 'absent' && kind !== 'socket') return [fail('not-a-socket', target, rest)];
    if (kind === 'socket' && uid !== null && uid !== seen.home.uid) return [fail('foreign-owner', target, rest)];
    if (verdict === 'unreachable' && (connect === 'absent' || connect === 'refused'))
      return [fail('unlinked', target, rest)];
    const found = [];
    // Every Coven command refuses a socket of another mode, and none repairs it.
    if (mode !== null && mode !== 0o600) found.push(fail('open-mode', target, rest));
    if (connect === 'wrong-type') found.push(fail('wrong-type', target, rest));
    if (verdict === 'foreign') found.push(fail('foreign-listener', target, rest));
    else if (verdict === 'hung') found.push(fail('hung', target, rest));
    else if (verdict === 'slow') found.push(unknown('slow', target, rest));
    else if (connect === 'refused' && verdict !== 'starting') found.push(warn('stale', target, rest));
    else if (connect === 'denied' || connect === 'failed') found.push(unknown('undetermined', target, rest));
    return found.length > 0 ? found : [pass(target, rest)];
  },
});
