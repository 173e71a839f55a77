import { toRestart } from '../src/coven/advice.ts';
import { withoutDaemon, withoutHome } from '../src/coven/gates.ts';
import {
  descriptorShares,
  leastOpenFiles,
  limitsFiles,
  sessionDescriptors,
  sessionTasks,
} from '../src/coven/limits.ts';
import { command } from '../src/model/advice.ts';
import { bytes } from '../src/model/amounts.ts';
import { defineCheck, fail, from, pass, unknown, warn } from '../src/model/check.ts';
import { livenessNeeds } from '../src/model/needs.ts';
import type { Observations } from '../src/model/observation.ts';
import { restartRemedy } from '../src/repair/remedies/daemon.ts';

/** Connections pile up before a daemon that was stopped, too: they do not hold that one back. */
const heldBack = (seen: Pick<Observations, 'daemon.process' | 'processes'>): boolean =>
  seen['daemon.process'].connections != null &&
  !seen.processes.list.some(({ pid, state }) => pid === seen['daemon.process'].pid && /^[Tt]$/.test(state));

export const daemonResources = defineCheck({
  id: 'daemon:resources',
  category: 'daemon',
  title: 'The daemon is not near its limits',
  explain:
    'At its limit of open files a daemon accepts no connection and starts no session; each session takes nine. At the limit of tasks ' +
    '(processes and threads) of its user or control group no session can be started, and one on the size of files that its ledger ' +
    'does not fit into makes its writes fail, so that sessions are not recorded.',
  causes: {
    ok: { message: ({ descriptors, limit }) => `the daemon uses ${descriptors} of ${limit} file descriptors` },
    descriptors: {
      message: ({ pid, descriptors, limit }) =>
        Number(limit) - Number(descriptors) < sessionDescriptors
          ? `the daemon (pid ${pid}) has no file descriptors left for a session: ${descriptors} of ${limit} are open, and a session takes ${sessionDescriptors}`
          : `the daemon (pid ${pid}) is running out of file descriptors: ${descriptors} of ${limit} are open`,
      hint: (facts) =>
        Number(facts.limit) < leastOpenFiles
          ? [
              `Its limit is too low: raise it in what starts the daemon, as \`ulimit -n 1024\` does in a shell. When no session is running, restart it from there:`,
              ...toRestart(facts),
            ]
          : [
              'When no session is running, restart it:',
              ...toRestart(facts),
              'If they grow again, raise the limit (`ulimit -n`) of what starts it.',
            ],
      remedy: restartRemedy,
    },
    connections: {
      message: ({ open, client, sockets, program }) =>
        `${open} connections to <daemon-socket> are open, and Coven serves 64 at once: it answers nobody while they are held` +
        (client === null
          ? ''
          : `; pid ${client}${program === null ? '' : ` (${program})`}, which has ${sockets} sockets, may hold them`),
      hint: ({ client }) =>
        client === null
          ? ['This shows who holds them, by the numbers of their ends:', command('ss', '-xp')]
          : [
              'Find out what it is, and end it if it does not let go of them:',
              command('ps', '-o', 'pid,user,lstart,cmd', '-p', String(client)),
            ],
    },
    'small-files': {
      message: ({ pid, fileBytes }) =>
        `the daemon (pid ${pid}) may write no file larger than ${bytes(fileBytes)}; its ledger is larger, or soon is, and what it writes beyond that is lost: such writes fail`,
      hint: (facts) => [
        'Raise the limit in what starts the daemon, as `ulimit -f unlimited` does in a shell. When no session is running, restart it from there:',
        ...toRestart(facts),
      ],
      remedy: restartRemedy,
    },
    tasks: {
      message: ({ pid, used, taskLimit, by }) =>
        `the daemon (pid ${pid}) can hardly start a session: ${used} of ${taskLimit} processes and threads of its ${by === 'user' ? 'user' : 'control group'} are in use`,
      hint: ({ pid, by }) =>
        by === 'user'
          ? [
              'End what its user does not need, or raise the limit (`ulimit -u`) of what starts the daemon. This counts the tasks of each program:',
              command('ps', '-eLo', 'user,pid,comm', '--sort=pid'),
            ]
          : [
              'Raise the limit of its control group (`TasksMax=` of a unit, `--pids-limit` of a container). This names the group:',
              command('cat', `/proc/${pid}/cgroup`),
            ],
    },
    undetermined: {
      message: ({ pid }) => `you may not see the file descriptors of the daemon${pid === null ? '' : ` (pid ${pid})`}`,
      hint: () => 'Run coven-doctor as the owner of the home, where the daemon runs.',
    },
  },
  needs: [...livenessNeeds, 'daemon.process'],
  wants: ['store.files'],
  // One that answers nobody, as all its connections are held, is not heard of.
  skip: (seen) => (heldBack(seen) ? withoutHome(seen) : withoutDaemon(seen)),
  judge: (all) => {
    const { 'daemon.process': seen, 'daemon.health': health, 'store.files': files } = all;
    const { pid, descriptors, limit, fileBytes = null, tasks = null, connections } = seen;
    const rest = { facts: { pid, descriptors, limit }, evidence: from('daemon.process', { pid, descriptors, limit }) };
    if (descriptors === null || limit === null) return [unknown('undetermined', '<daemon-socket>', rest)];
    const others = [];
    if (connections && heldBack(all)) {
      const { open, client } = connections;
      const facts = {
        open,
        client: client?.pid ?? null,
        sockets: client?.sockets ?? null,
        program: client?.command ?? null,
      };
      const say = health.outcome === 'answered' ? warn : fail;
      others.push(say('connections', '<daemon-socket>', { facts, evidence: from('daemon.process', facts) }));
    }
    if (limitsFiles(fileBytes, files))
      others.push(
        fail('small-files', '<daemon-socket>', {
          facts: { pid, fileBytes },
          evidence: from('daemon.process', { pid, fileBytes }),
        }),
      );
    if (tasks !== null && tasks.limit - tasks.used < sessionTasks) {
      const { used, limit: taskLimit, by } = tasks;
      const told = {
        facts: { pid, used, taskLimit, by },
        evidence: from('daemon.process', { pid, used, taskLimit, by }),
      };
      others.push(fail('tasks', '<daemon-socket>', told));
    }
    // One that cannot start a session is out of them, however few it has: which are open changes from one moment to the next.
    const share = descriptors / limit;
    if (limit - descriptors < sessionDescriptors || share >= descriptorShares.fail)
      return [fail('descriptors', '<daemon-socket>', rest), ...others];
    if (share >= descriptorShares.warn) return [warn('descriptors', '<daemon-socket>', rest), ...others];
    return others.length > 0 ? others : [pass('<daemon-socket>', rest)];
  },
});
