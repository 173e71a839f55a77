import { withoutAnswer } from '../src/coven/gates.ts';
import { type Check, defineCheck, fail, from, pass, unknown } from '../src/model/check.ts';
import { livenessNeeds } from '../src/model/needs.ts';
import { noAnswer } from '../src/upgrade/causes.ts';

const target = '<daemon-socket>';

/** The contract is exactly the one that the clients keep; a daemon that does not answer keeps none. */
export const upgradeContract = (wanted: string): Check =>
  defineCheck({
    id: 'upgrade:contract',
    category: 'upgrade',
    title: 'The daemon keeps the contract of its clients',
    explain:
      'Clients must fail closed on any contract but exactly the one that they support: that of --contract, or of before.',
    causes: {
      ok: { message: ({ apiVersion }) => String(apiVersion) },
      differs: {
        message: ({ apiVersion, wanted }) =>
          `the daemon speaks ${apiVersion ?? 'no contract'}; its clients keep ${wanted}`,
        hint: () => 'Update the clients to that contract before they are used again, or keep a daemon of theirs.',
        follows: ['daemon:contract *'],
      },
      'no-answer': noAnswer,
    },
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
