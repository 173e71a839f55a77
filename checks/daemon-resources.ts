import { toRestart } from '../src/coven/advice.ts';
import { withoutDaemon } from '../src/coven/gates.ts';
import { descriptorShares } from '../src/coven/limits.ts';
import { livenessNeeds } from '../src/coven/liveness.ts';
import { restartRemedy } from '../src/fix/remedies/daemon.ts';
import { defineCheck, fail, from, pass, unknown, warn } from '../src/model/check.ts';

export const daemonResources = defineCheck({
  id: 'daemon:resources',
  category: 'daemon',
  title: 'The daemon is not near its limits',
  explain: 'At its limit of open files a daemon accepts no connection and starts no session.',
  causes: {
    ok: { message: ({ descriptors, limit }) => `${descriptors} of ${limit} descriptors` },
    descriptors: {
      message: ({ pid, descriptors, limit }) =>
        `the daemon (pid ${pid}) has ${descriptors} of ${limit} descriptors open`,
      hint: (facts) =>
        `when no session is live: ${toRestart(facts)}; if they grow again, raise the limit (ulimit -n) of what starts it`,
      remedy: restartRemedy,
    },
    undetermined: {
      message: ({ pid }) =>
        `the descriptors of the daemon${pid === null ? '' : ` (pid ${pid})`} may not be seen by this user`,
      hint: () => 'run as the owner of the home, on the machine and in the namespace of the daemon',
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
