import { type Check, defineCheck, fail, from, pass, unknown } from '../src/check.ts';
import { withoutAnswer } from '../src/coven/gates.ts';
import { livenessNeeds } from '../src/coven/liveness.ts';

const target = '<daemon-socket>';

/** The contract is exactly the one that the clients keep; a daemon that does not answer keeps none. */
export const upgradeContract = (wanted: string): Check =>
  defineCheck({
    id: 'upgrade:contract',
    category: 'upgrade',
    needs: livenessNeeds,
    judge: (seen) => {
      const apiVersion = seen['daemon.health'].body?.apiVersion ?? null;
      const reason = withoutAnswer(seen) ?? null;
      const { outcome } = seen['daemon.health'];
      const rest = {
        facts: { apiVersion, wanted, reason },
        evidence: from('daemon.health', { outcome, apiVersion }),
      };
      if (reason !== null) return [unknown('no-answer', target, rest)];
      return [apiVersion === wanted ? pass(target, rest) : fail('differs', target, rest)];
    },
  });
