import { atWork, dropName, endDaemon, moveRecord, toRun, works } from '../src/coven/advice.ts';
import { withoutHome } from '../src/coven/gates.ts';
import { names } from '../src/coven/layout.ts';
import { isConfirmed, isNumberedApart, isOfOtherHome, judgeLiveness } from '../src/coven/liveness.ts';
import { seconds, seenOf, stoodStill, thaw, tracer } from '../src/coven/silence.ts';
import { type Advice, command, shellCommand } from '../src/model/advice.ts';
import { defineCheck, type Facts, fail, from, pass, unknown, warn } from '../src/model/check.ts';
import { livenessNeeds } from '../src/model/needs.ts';
import { homeWord } from '../src/model/shell.ts';
import { hungRemedy, startRemedy, startStoppedRemedy, unreachableRemedy } from '../src/repair/remedies/daemon.ts';

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
const recordedPid: Readonly<Record<string, string>> = {
  dead: 'is gone',
  zombie: 'has ended and was not reaped by its parent',
  reused: 'is another process by now',
};
const isRelay = ({ pid, healthPid, listenerPid }: Facts): boolean =>
  pid !== null && healthPid !== null && listenerPid !== null && listenerPid !== pid;
const listener = ({ listenerPid, listenerCommand }: Facts): string =>
  `pid ${listenerPid}${listenerCommand ? ` (${listenerCommand})` : ''}`;
/** Why a daemon's home is not what is at its path. */
const between = ({ why, folder, mountPoint }: Facts): string =>
  why === 'moved'
    ? `its home was moved to ${folder} beneath it`
    : why === 'namespace'
      ? 'it sees other mounts than you do (a mount namespace of its own), and has another folder at this path'
      : `since it started, a file system was mounted at ${mountPoint}, over its home`;
const wayThere = ({ why, folder, mountPoint, pid }: Facts): Advice =>
  why === 'moved'
    ? [
        'Work with the home where it is now, or move it back by the same name:',
        command('coven-doctor', '--home', String(folder)),
      ]
    : why === 'namespace'
      ? [
          'Run coven and coven-doctor where the daemon runs. As root:',
          command('nsenter', '--target', String(pid), '--mount', 'coven-doctor', '--home', String(folder)),
        ]
      : [
          'Unmount that, and check again. If it is meant to stay, stop the daemon while it is unmounted, and copy the home onto it:',
          command('umount', String(mountPoint)),
        ];
/** The verdict: is a daemon of this home alive and reachable? */
export const daemon = defineCheck({
  id: 'daemon',
  category: 'daemon',
  title: 'The daemon runs and can be reached',
  explain:
    'The truth about a live daemon is the process that holds daemon-serve.lock, then the one that answers on the socket, then ' +
    'daemon.json; where they disagree, the finding says so. A process is its pid with its start time, never a pid alone.',
  causes: {
    ok: {
      message: (facts) => `the daemon is running (${whose(facts)}, socket <daemon-socket>)${disagreement(facts)}`,
    },
    'other-namespace': {
      message: ({ pid, healthPid }) =>
        `the daemon (pid ${pid}) runs in another pid namespace, as in a container, and calls itself pid ${healthPid}: \`coven daemon\` and \`coven doctor\` refuse an answer that names another process than they are connected to`,
      hint: ({ pid, owner }) => [
        'It is well, and its sessions go on. Run these commands in its namespace, as root:',
        // Root has another home, and Coven refuses one that is not its user's.
        shellCommand(
          `nsenter --target ${pid} --pid ${Number(owner ?? 0) === 0 ? '' : `--setuid ${owner} `}env COVEN_HOME=${homeWord()} coven daemon status`,
        ),
      ],
    },
    stopped: {
      message: () => 'the daemon is not running',
      hint: (facts) => [
        ...(works('start', facts) ? ['`coven run` works without it. To start it:'] : []),
        ...toRun('start', facts),
      ],
      follows: ['upgraded:version not-running'],
      remedy: startStoppedRemedy,
    },
    starting: {
      message: (facts) => `the daemon is starting: ${whose(facts)} holds its lock and does not listen yet`,
      hint: () => 'Wait half a minute, then check again.',
    },
    stale: {
      message: ({ recordPid, recordedPid: state, ofOther }) =>
        ofOther
          ? `the daemon is not running, and daemon.json is that of another home, copied from there: pid ${recordPid}, which it names, is the live daemon of that home`
          : `the daemon is not running, but daemon.json names pid ${recordPid}, which ${recordedPid[String(state)] ?? 'is no daemon'}`,
      hint: (facts) =>
        facts.recordedPid === 'dead'
          ? [...(works('start', facts) ? ['Start it again:'] : []), ...toRun('start', facts)]
          : [
              '`coven daemon restart` refuses here. Move the record out of the way, then start the daemon:',
              ...moveRecord(facts),
            ],
      follows: ['upgraded:version not-running'],
      remedy: startRemedy,
    },
    hung: {
      message: (facts) =>
        `the daemon (${whose(facts)}) is alive and does not answer${facts.frozenBy ? `: its control group is frozen (${facts.frozenBy})` : facts.stopped ? ': a signal has stopped it' : facts.state === 't' ? `: a debugger holds it (${tracer(facts)})` : stoodStill(facts)}`,
      hint: ({ pid, stopped, frozenBy, state, tracerPid }) =>
        frozenBy
          ? thaw(String(frozenBy))
          : stopped
            ? ['Let it go on:', command('kill', '-CONT', String(pid))]
            : state === 't'
              ? [
                  'It goes on when that ends or detaches. Find out what it is:',
                  command('ps', '-o', 'pid,user,lstart,cmd', '-p', String(tracerPid ?? pid)),
                ]
              : [
                  'Check again to see whether it goes on. This shows what --fix would do about it:',
                  command('coven-doctor', 'plan'),
                ],
      follows: ['daemon:resources connections'],
      remedy: hungRemedy,
    },
    slow: {
      message: (facts) =>
        `the daemon (${whose(facts)}) has not answered within ${seconds(facts)}; it may only be slow: ${atWork(facts)}`,
      hint: () => [
        'Check again when the machine is less busy, and give it more time:',
        command('coven-doctor', '--timeout', '60'),
      ],
    },
    unreachable: {
      message: (facts) =>
        `the daemon (${whose(facts)}) is alive, but nothing listens on its socket${disagreement(facts)}`,
      hint: (facts) => [
        'Coven’s own stop and restart refuse here. End the daemon and its sessions, then start it again:',
        ...endDaemon(facts.pid, facts),
        ...toRun('start', facts, 'daemon'),
      ],
      follows: ['daemon:socket foreign-owner'],
      remedy: unreachableRemedy,
    },
    renamed: {
      message: (facts) =>
        `this home was renamed beneath its daemon (${whose(facts)}), which goes on by the old name, ${facts.oldFolder}: \`coven daemon status\` calls it stale, and stop and restart refuse`,
      hint: (facts) => [
        `Move the home back to ${facts.oldFolder}, and all is well. Or end the daemon and its sessions, then start it by the new name:`,
        ...endDaemon(facts.pid, facts),
        ...toRun('start', facts, 'daemon'),
      ],
    },
    elsewhere: {
      message: (facts) => `the daemon (${whose(facts)}) is alive and serves another folder: ${between(facts)}`,
      hint: (facts) => [
        'Neither end it nor start another one: its sessions are recorded there, and what is at this path is not its home.',
        ...wayThere(facts),
      ],
    },
    duplicate: {
      message: (facts) =>
        `two daemons serve this home: ${whose(facts)} holds the lock, and pid ${facts.healthPid} answers on the socket`,
      hint: () => [
        'Compare their programs and sessions before you end one. Collect the evidence first:',
        command('coven-doctor', 'bundle'),
      ],
    },
    foreign: {
      message: (facts) =>
        facts.servesHome
          ? `what answers on <daemon-socket> is the daemon (pid ${facts.listenerPid}) of another home, ${facts.servesHome}: this is one more name of its socket, and every command here reaches that home`
          : isRelay(facts)
            ? `${listener(facts)} listens on <daemon-socket> in place of the daemon (${whose(facts)}), and passes its answers on; every command of Coven refuses an answer that names another process than it is connected to`
            : `what answers on <daemon-socket> is not the daemon of this home${disagreement(facts)}`,
      hint: (facts) =>
        facts.servesHome
          ? dropName(facts)
          : facts.listenerPid == null
            ? 'Find out what listens there, and end it. Coven refuses until then.'
            : [
                'Find out what it is, and end it. Coven refuses until then:',
                command('ps', '-o', 'pid,user,lstart,cmd', '-p', String(facts.listenerPid)),
              ],
    },
    undetermined: {
      message: () => 'whether a daemon is alive could not be determined from here',
      hint: () => 'Run coven-doctor where the daemon runs, as its user.',
    },
  },
  needs: livenessNeeds,
  wants: ['daemon.context'],
  skip: (seen) => (seen.home.kind === 'absent' ? undefined : withoutHome(seen)),
  judge: (seen) => {
    const liveness = judgeLiveness(seen);
    const { verdict, pid, proof, recordedPid, listenerPid, disagrees } = liveness;
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
        listenerPid,
        listenerCommand: seen.processes.list.find((process) => process.pid === listenerPid)?.command ?? null,
        recordPid: record.pid,
        ofOther: isOfOtherHome(seen),
        oldFolder: record.namedFolder ?? null,
        healthPid: health.body?.pid ?? null,
        disagrees: disagrees.join(', '),
        servesHome: socket.serves?.home ?? null,
        owner: seen.home.uid,
        ...process?.elsewhere,
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
          ...(socket.acceptedBy !== undefined && { acceptedBy: socket.acceptedBy }),
          ...(socket.serves && { servesHome: socket.serves.home, servedBy: socket.serves.pid }),
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
              ...(process.elsewhere && { elsewhere: process.elsewhere.why, folder: process.elsewhere.folder }),
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
        // In a container, a home has the name that it has there.
        const isSameView = seen['daemon.context']?.apart === false;
        if (pid !== null && isSameView && record.namedFolder !== undefined && isConfirmed(seen))
          return [fail('renamed', '<daemon-socket>', { ...rest, evidence })];
        return isNumberedApart(seen, liveness)
          ? [warn('other-namespace', '<daemon-socket>', { ...rest, evidence })]
          : [pass('<daemon-socket>', { ...rest, evidence })];
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
