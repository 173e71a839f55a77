import { ageSeconds } from '../src/coven/liveness.ts';
import { count } from '../src/model/amounts.ts';
import { type Check, defineCheck, from, pass, skipped, unknown, warn } from '../src/model/check.ts';
import { noState } from '../src/upgrade/causes.ts';
import type { UpgradeState } from '../src/upgrade/state.ts';

/** What a home was a day ago says little of an upgrade: sessions and events came and went. */
const oldSeconds = 24 * 3600;
/** A clock that was set back by an NTP server. */
const skewSeconds = 60;

/** The saved state is of the time just before the upgrade. */
export const upgradedState = (before: UpgradeState | null): Check =>
  defineCheck({
    id: 'upgraded:state',
    category: 'upgrade',
    title: 'The saved state is of just before the upgrade',
    explain: 'What a home was more than a day ago says little: sessions and events came and went since.',
    causes: {
      ok: { message: ({ minutes }) => `saved ${count(minutes, 'minute')} ago` },
      'no-state': noState,
      old: {
        message: ({ at }) => `the state was saved at ${at}, more than a day ago`,
        hint: () => 'Compare with one that preflight --save has written right before the upgrade.',
      },
      undetermined: {
        message: ({ at }) => `the state says that it was saved at ${at}, which is still to come`,
        hint: () => 'Set the clock of the machine right.',
      },
    },
    needs: ['machine'],
    judge: ({ machine: { now } }) => {
      const age = ageSeconds(before?.at, now);
      const facts = { at: before?.at ?? null, minutes: age === null ? null : Math.round(age / 60) };
      const rest = { facts, evidence: from('machine', { now }) };
      if (!before) return [skipped('no-state', '<coven-home>', rest)];
      if (age === null || age < -skewSeconds) return [unknown('undetermined', '<coven-home>', rest)];
      return [age > oldSeconds ? warn('old', '<coven-home>', rest) : pass('<coven-home>', rest)];
    },
  });
