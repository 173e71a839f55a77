import { toRestart } from '../src/coven/advice.ts';
import { requiredCapabilities } from '../src/coven/contract.ts';
import { withoutAnswer } from '../src/coven/gates.ts';
import { defineCheck, fail, from, pass, warn } from '../src/model/check.ts';
import { livenessNeeds } from '../src/model/needs.ts';
import type { Capability } from '../src/model/observation.ts';

const one = (held: Capability | undefined) => (typeof held === 'object' ? null : (held ?? null));

/** What clients rely on is there and true, and the catalogue answers. Unknown capabilities are fine. */
export const daemonCapabilities = defineCheck({
  id: 'daemon:capabilities',
  category: 'daemon',
  title: 'What clients rely on is there',
  explain:
    'Sessions, events, structured errors and a sequence cursor must be announced; a missing or false one counts as unsupported. ' +
    'Capabilities that are not known here are fine.',
  causes: {
    ok: {
      message: ({ count }) => `the daemon announces every required capability, and a catalogue of ${count}`,
    },
    missing: {
      message: ({ missing }) => `the daemon does not announce ${missing}; clients must not use that`,
      hint: (facts) => ['Run the installed version. This ends the running sessions:', ...toRestart(facts)],
      follows: ['daemon:health invalid-response', 'daemon:contract *'],
    },
    unanswered: {
      message: ({ outcome, status }) =>
        `the daemon did not answer for its catalogue of capabilities (${outcome}${status ? `, HTTP ${status}` : ''})`,
      hint: () => 'Do not use optional features until it does.',
      follows: ['daemon:health invalid-response', 'daemon:health error-response', 'daemon:resources descriptors'],
    },
  },
  needs: [...livenessNeeds, 'daemon.capabilities'],
  skip: withoutAnswer,
  judge: ({ 'daemon.health': { body }, 'daemon.capabilities': catalogue }) => {
    const held = body?.capabilities ?? {};
    const required = Object.entries(requiredCapabilities);
    const missing = required.filter(([name, value]) => held[name] !== value).map(([name]) => name);
    const evidence = [
      ...from('daemon.health', Object.fromEntries(required.map(([name]) => [name, one(held[name])]))),
      ...from('daemon.capabilities', {
        outcome: catalogue.outcome,
        status: catalogue.status,
        count: catalogue.body?.length ?? null,
      }),
    ];
    const found = [];
    if (missing.length > 0)
      found.push(
        fail('missing', '<daemon-socket>', {
          facts: { missing: missing.join(', ') },
          evidence,
        }),
      );
    if (catalogue.outcome !== 'answered') {
      const { outcome, status, errorCode } = catalogue;
      found.push(
        warn('unanswered', '<daemon-socket>', {
          facts: { outcome, status, errorCode },
          evidence,
        }),
      );
    }
    const facts = { count: catalogue.body?.length ?? null };
    return found.length > 0 ? found : [pass('<daemon-socket>', { facts, evidence })];
  },
});
