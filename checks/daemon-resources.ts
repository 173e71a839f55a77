import { defineCheck, fail, from, pass, unknown, warn } from '../src/check.ts';
import { withoutDaemon } from '../src/coven/gates.ts';
import { livenessNeeds } from '../src/coven/liveness.ts';

/** Shares of the limit. Each session takes some, and at the limit no connection is accepted any more. */
const shares = { warn: 0.8, fail: 0.95 };

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
    if (share < shares.warn) return [pass('<daemon-socket>', rest)];
    return [(share < shares.fail ? warn : fail)('descriptors', '<daemon-socket>', rest)];
  },
});
