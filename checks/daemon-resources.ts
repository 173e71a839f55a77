import { defineCheck, fail, from, pass, unknown, warn } from '../src/check.ts';
import { withoutDaemon } from '../src/coven/gates.ts';
import { descriptorShares } from '../src/coven/limits.ts';
import { livenessNeeds } from '../src/coven/liveness.ts';

export const daemonResources = defineCheck({
  id: 'daemon:resources',
  category: 'daemon',
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
