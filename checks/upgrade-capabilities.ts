import { type Check, defineCheck, fail, from, pass, unknown } from '../src/check.ts';
import { announced } from '../src/coven/capabilities.ts';
import { withoutAnswer } from '../src/coven/gates.ts';
import { livenessNeeds } from '../src/coven/liveness.ts';

const target = '<daemon-socket>';

/** What the clients need is announced, in the health answer or in the catalogue. */
export const upgradeCapabilities = (required: readonly string[]): Check =>
  defineCheck({
    id: 'upgrade:capabilities',
    category: 'upgrade',
    needs: [...livenessNeeds, 'daemon.capabilities'],
    judge: (seen) => {
      const { outcome, body } = seen['daemon.capabilities'];
      const reason = withoutAnswer(seen) ?? null;
      const held = announced(seen['daemon.health'].body);
      const missing = required.filter((name) => !held.has(name) && !body?.includes(name));
      const rest = {
        facts: { required: required.join(', '), missing: missing.join(', '), reason },
        evidence: [
          ...from('daemon.health', Object.fromEntries(required.map((name) => [name, held.get(name) ?? null]))),
          ...from('daemon.capabilities', { outcome, count: body?.length ?? null }),
        ],
      };
      if (reason !== null) return [unknown('no-answer', target, rest)];
      if (missing.length === 0) return [pass(target, rest)];
      // What is missing may be in the catalogue, which was not read.
      return [outcome === 'answered' ? fail('missing', target, rest) : unknown('unanswered', target, rest)];
    },
  });
