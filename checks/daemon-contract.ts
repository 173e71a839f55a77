import { defineCheck, fail, from, pass } from '../src/check.ts';
import { apiVersion as supported } from '../src/coven/contract.ts';
import { withoutAnswer } from '../src/coven/gates.ts';
import { livenessNeeds } from '../src/coven/liveness.ts';

/** The contract is exactly the one that is supported, or clients must fail closed. */
export const daemonContract = defineCheck({
  id: 'daemon:contract',
  category: 'daemon',
  needs: livenessNeeds,
  skip: withoutAnswer,
  judge: ({ 'daemon.health': { body } }) => {
    const apiVersion = body?.apiVersion ?? null;
    const rest = {
      facts: { apiVersion, supported },
      evidence: from('daemon.health', { apiVersion }),
    };
    if (apiVersion === supported) return [pass('<daemon-socket>', rest)];
    if (apiVersion === null) return [fail('missing', '<daemon-socket>', rest)];
    return [
      fail('unsupported', '<daemon-socket>', {
        ...rest,
        escalate: 'contract-not-understood',
      }),
    ];
  },
});
