import type { Facts } from '../../check.ts';
import { homeWord } from '../shell.ts';
import type { CheckWords } from '../words.ts';
import { toRestart, toRun, works } from './advice.ts';

/** Coven takes any process of the recorded number for a live daemon; without the record, its start works. */
const moveRecord = (facts: Facts): string =>
  `mv ${homeWord('daemon.json')} ${homeWord('daemon.json.aside')}; then ${toRun('start', facts, 'daemon:record')}`;

const recordedPid: Readonly<Record<string, string>> = {
  dead: 'is gone',
  zombie: 'has ended and was not reaped by its parent',
  reused: 'is another process by now',
};

const whose = ({ pid }: Facts): string => (pid === null ? 'a process of another pid namespace' : `pid ${pid}`);
const disagreement = ({ disagrees, recordPid, healthPid }: Facts): string => {
  const said = String(disagrees).split(', ');
  const parts = [
    ...(said.includes('record') ? [`daemon.json names pid ${recordPid}`] : []),
    ...(said.includes('health') ? [`health names pid ${healthPid}`] : []),
    ...(said.includes('lock') ? ['no holder of daemon-serve.lock is to be seen'] : []),
    ...(said.includes('listener') ? ['another process listens on the socket'] : []),
  ];
  return parts.length > 0 ? `; but ${parts.join(', and ')}` : '';
};

const seconds = ({ watchedMs }: Facts): string => `${Math.round(Number(watchedMs) / 1000)} s`;

/** What was seen of a daemon that hangs; nothing where it could not be watched. */
const stoodStill = (facts: Facts): string =>
  typeof facts.state === 'string'
    ? `; in ${seconds(facts)} it did nothing: ${facts.cpuMs} ms of processor time, and no line in its log`
    : '';

/** What was seen of a daemon that may only be slow. */
export const atWork = ({ cpuMs, log, runnable, lateMs, watchedMs, state }: Facts): string => {
  if (runnable) return `it runs, or waits for a processor or a disk (${cpuMs} ms of processor time)`;
  if (Number(cpuMs) >= 100) return `it used ${cpuMs} ms of processor time`;
  if (log) return 'it writes its log';
  if (Number(lateMs) >= 1000)
    return `this machine let the check itself wait for ${Math.round(Number(lateMs) / 1000)} s`;
  return state === null
    ? 'its process could not be watched'
    : `it was watched for ${seconds({ watchedMs: watchedMs ?? 0 })} alone`;
};

/** Words for the daemon as a process, and for its socket and its record. */
export const daemonWords: Readonly<Record<string, CheckWords>> = {
  daemon: {
    title: 'The daemon runs and can be reached',
    explain:
      'The truth about a live daemon is the process that holds daemon-serve.lock, then the one that answers on the socket, then ' +
      'daemon.json; where they disagree, the finding says so. A process is its pid with its start time, never a pid alone.',
    causes: {
      ok: {
        message: (facts) => `running (${whose(facts)}, socket <daemon-socket>)${disagreement(facts)}`,
      },
      stopped: {
        message: () => 'not running',
        hint: (facts) =>
          `${toRun('start', facts)}${works('start', facts) ? ' (optional: `coven run` works without it)' : ''}`,
      },
      starting: {
        message: (facts) => `${whose(facts)} holds the daemon's lock and does not listen yet`,
        hint: () => 'wait half a minute and run the doctor again',
      },
      stale: {
        message: ({ recordPid, recordedPid: state }) =>
          `not running, but daemon.json names pid ${recordPid}, which ${recordedPid[String(state)] ?? 'is no daemon'}`,
        hint: (facts) =>
          facts.recordedPid === 'dead'
            ? toRun('start', facts)
            : `\`coven daemon restart\` would refuse; instead: ${moveRecord(facts)}`,
      },
      hung: {
        message: (facts) =>
          `${whose(facts)} is alive and does not answer${facts.stopped ? ': it is stopped by a signal' : stoodStill(facts)}`,
        hint: ({ pid, stopped }) =>
          stopped
            ? `let it go on: kill -CONT ${pid}`
            : 'run the doctor again to see whether it goes on; what --fix would do about it is shown by: coven-doctor plan',
      },
      slow: {
        message: (facts) =>
          `${whose(facts)} has not answered within ${seconds(facts)}, and may only be slow: ${atWork(facts)}`,
        hint: () => 'check again when the machine is less busy, with more time for it: coven-doctor --timeout 60',
      },
      unreachable: {
        message: (facts) => `${whose(facts)} is alive, but nothing listens on its socket${disagreement(facts)}`,
        hint: (facts) =>
          `Coven's own stop and restart refuse here; to end it with its sessions: kill -TERM ${facts.pid ?? 'PID'}, then ${toRun('start', facts, 'daemon')}`,
      },
      duplicate: {
        message: (facts) => `two daemons: ${whose(facts)} holds the lock, pid ${facts.healthPid} answers on the socket`,
        hint: () => 'compare their executables and sessions before one is ended; collect a support bundle first',
      },
      foreign: {
        message: (facts) => `what answers on <daemon-socket> is not the daemon of this home${disagreement(facts)}`,
        hint: ({ pid }) =>
          `find out what ${pid === null ? 'listens there' : `pid ${pid} is`} and end it; Coven refuses until then`,
      },
      undetermined: {
        message: () => 'it cannot be told from here whether a daemon is alive',
        hint: () => 'run the doctor where the daemon runs, as its user',
      },
    },
  },
  'daemon:socket': {
    title: 'The socket is the daemon’s',
    explain:
      'Coven accepts only a socket of mode 0600 that belongs to you. It refuses everything else for every command and repairs none ' +
      'of it. A leftover socket that refuses connections is replaced by the next start.',
    causes: {
      ok: {
        message: ({ kind }) =>
          kind === 'absent' ? 'no socket, and no daemon that should have one' : 'the daemon listens',
      },
      stale: {
        message: () => 'a socket is there and nobody listens on it',
        hint: () => 'leave it: a start that works replaces it',
      },
      'not-a-socket': {
        message: ({ kind }) => `<daemon-socket> is a ${kind}; every coven command fails on it`,
        hint: () => 'mv <daemon-socket> <daemon-socket>.aside',
      },
      'foreign-owner': {
        message: ({ uid }) => `<daemon-socket> belongs to uid ${uid}; it was not tried`,
        hint: () => 'find out who put it there before you move it away',
      },
      'open-mode': {
        message: ({ mode }) => `<daemon-socket> has mode ${mode}; Coven refuses any but 0600, and never repairs it`,
        hint: () => 'chmod 0600 <daemon-socket>',
      },
      'foreign-listener': {
        message: ({ pid }) =>
          `${pid === null ? 'a process' : `pid ${pid}`} listens on <daemon-socket> that is not the daemon of this home`,
        hint: (facts) => `end that process; then ${toRun('start', facts, 'daemon:socket')}`,
      },
      hung: {
        message: ({ pid }) => `pid ${pid} accepts connections and answers nothing`,
      },
      slow: {
        message: ({ pid }) => `pid ${pid} has not answered yet`,
      },
      unlinked: {
        message: ({ pid }) => `pid ${pid} is alive, but its socket file is gone or is not its own`,
      },
      undetermined: {
        message: () => 'the socket could not be tried by this user',
        hint: () => 'run as the owner of the home',
      },
    },
  },
  'daemon:record': {
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
      },
      invalid: {
        message: () => 'daemon.json is no valid record; Coven takes it for absent and removes or rewrites it',
        hint: () => 'nothing to do; keep a copy if you want to know how it came to be',
      },
      'dead-pid': {
        message: ({ pid }) => `names pid ${pid}, which is gone: the daemon did not end cleanly`,
      },
      'zombie-pid': {
        message: ({ pid }) =>
          `names pid ${pid}, which has ended and was not reaped; Coven takes it for alive and refuses to start`,
        hint: moveRecord,
      },
      'reused-pid': {
        message: ({ pid, command }) =>
          `names pid ${pid}, which is ${command || 'another process'} by now; Coven takes it for its daemon`,
        hint: moveRecord,
      },
      'foreign-socket': {
        message: () => 'names a socket outside this home; it was probably copied from another one',
        hint: (facts) => `${toRestart(facts)} (this ends its live sessions)`,
      },
      undetermined: {
        message: ({ pid }) => `it cannot be told whether pid ${pid} is the daemon: it hides its environment`,
        hint: () => 'look at that process yourself before anything is moved',
      },
    },
  },
};
