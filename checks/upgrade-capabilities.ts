import { announced } from '../src/coven/capabilities.ts';
import { withoutAnswer } from '../src/coven/gates.ts';
import { type Check, defineCheck, fail, from, pass, unknown } from '../src/model/check.ts';
import { livenessNeeds } from '../src/model/needs.ts';
import { noAnswer } from '../src/upgrade/causes.ts';

const target = '<daemon-socket>';

/** What the clients need is announced, in the health answer or in the catalogue. */
export const upgradeCapabilities = (required: readonly string[]): Check =>
  defineCheck({
    id: 'upgrade:capabilities',
    category: 'upgrade',
    title: 'What the clients need is announced',
    explain:
      'The names of --require are looked for in the health answer, where `false` and an empty list count as missing, and in the catalogue.',
    causes: {
      ok: { message: ({ required }) => String(required || 'nothing is required') },
      missing: {
        message: ({ missing }) => `not announced: ${missing}`,
        hint: () => 'The clients that need it must not be used with this daemon.',
        follows: ['daemon:contract *', 'daemon:capabilities missing'],
      },
      unanswered: {
        message: ({ missing }) => `not in the health answer: ${missing}; the catalogue was not answered`,
        hint: () => 'Ask again once the daemon answers.',
      },
      'no-answer': noAnswer,
    },
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
