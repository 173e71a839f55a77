import { toRestart } from '../src/coven/advice.ts';
import { withoutDaemon } from '../src/coven/gates.ts';
import { descriptorShares } from '../src/coven/limits.ts';
import { livenessNeeds } from '../src/coven/liveness.ts';
import { defineCheck, fail, from, pass, unknown, warn } from '../src/model/check.ts';
import { restartRemedy } from '../src/repair/remedies/daemon.ts';

export const daemonResources = defineCheck({
  id: 'daemon:resources',
  category: 'daemon',
  title: 'The daemon is not near its limits',
  explain: 'At its limit of open files a daemon accepts no connection and starts no session.',
  causes: {
    ok: { message: ({ descriptors, limit }) => `the daemon uses ${descriptors} of ${limit} file descriptors` },
    descriptors: {
      message: ({ pid, descriptors, limit }) =>
        `the daemon (pid ${pid}) is running out of file descriptors: ${descriptors} of ${limit} are open`,
      hint: (facts) => [
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
    const share = descriptors / limit;
    if (share < descriptorShares.warn) return [pass('<daemon-socket>', rest)];
    return [(share < descriptorShares.fail ? warn : fail)('descriptors', '<daemon-socket>', rest)];
  },
});
