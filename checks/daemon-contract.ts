import { toRestart, toRun } from '../src/coven/advice.ts';
import { apiVersion as supported } from '../src/coven/contract.ts';
import { withoutAnswer } from '../src/coven/gates.ts';
import { command } from '../src/model/advice.ts';
import { defineCheck, fail, from, pass } from '../src/model/check.ts';
import { livenessNeeds } from '../src/model/needs.ts';

/** The contract is exactly the one that is supported, or clients must fail closed. */
export const daemonContract = defineCheck({
  id: 'daemon:contract',
  category: 'daemon',
  title: 'The daemon speaks the supported contract',
  explain: 'Clients must fail closed on any contract but exactly the one that they support.',
  causes: {
    ok: { message: ({ apiVersion }) => `the daemon speaks ${apiVersion}` },
    unsupported: {
      message: ({ apiVersion, supported }) => `the daemon speaks ${apiVersion}, and only ${supported} is understood`,
      hint: (facts) => [
        'Update Coven, then restart the daemon:',
        command('npm', 'install', '--global', '@opencoven/cli@latest'),
        ...toRun('restart', facts, 'daemon:contract'),
      ],
    },
    missing: {
      message: ({ supported }) => `the daemon names no contract; ${supported} is expected`,
      hint: (facts) => [
        'The daemon is older than its contract. Restart it with the installed version:',
        ...toRestart(facts),
      ],
      follows: ['daemon:health invalid-response'],
    },
  },
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
