import { toRestart } from '../src/coven/advice.ts';
import { withoutDaemon } from '../src/coven/gates.ts';
import { descriptorShares, leastOpenFiles, sessionDescriptors } from '../src/coven/limits.ts';
import { livenessNeeds } from '../src/coven/liveness.ts';
import { defineCheck, fail, from, pass, unknown, warn } from '../src/model/check.ts';
import { restartRemedy } from '../src/repair/remedies/daemon.ts';

export const daemonResources = defineCheck({
  id: 'daemon:resources',
  category: 'daemon',
  title: 'The daemon is not near its limits',
  explain: 'At its limit of open files a daemon accepts no connection and starts no session; each session takes nine.',
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
    undetermined: {
      message: ({ pid }) => `you may not see the file descriptors of the daemon${pid === null ? '' : ` (pid ${pid})`}`,
      hint: () => 'Run coven-doctor as the owner of the home, where the daemon runs.',
    },
  },
  needs: [...livenessNeeds, 'daemon.process'],
  skip: withoutDaemon,
  judge: ({ 'daemon.process': seen }) => {
    const { pid, descriptors, limit } = seen;
    const rest = { facts: { pid, descriptors, limit }, evidence: from('daemon.process', { pid, descriptors, limit }) };
    if (descriptors === null || limit === null) return [unknown('undetermined', '<daemon-socket>', rest)];
    // One that cannot start a session is out of them, however few it has: which are open changes from one moment to the next.
    if (limit - descriptors < sessionDescriptors) return [fail('descriptors', '<daemon-socket>', rest)];
    const share = descriptors / limit;
    if (share < descriptorShares.warn) return [pass('<daemon-socket>', rest)];
    return [(share < descriptorShares.fail ? warn : fail)('descriptors', '<daemon-socket>', rest)];
  },
});
