import { type Announced, announced } from '../src/coven/capabilities.ts';
import { withoutAnswer } from '../src/coven/gates.ts';
import { type Check, defineCheck, fail, from, pass, skipped, unknown, warn } from '../src/model/check.ts';
import { livenessNeeds } from '../src/model/needs.ts';
import { noAnswer, noState, unseenBefore } from '../src/upgrade/causes.ts';
import type { UpgradeState } from '../src/upgrade/state.ts';

const target = '<daemon-socket>';

/** What the daemon announced before, it announces still; what came with the upgrade is told. */
export const upgradedCapabilities = (before: UpgradeState | null): Check =>
  defineCheck({
    id: 'upgraded:capabilities',
    category: 'upgrade',
    title: 'What was announced is announced still',
    explain:
      'Clients rely on what a daemon announces in its health answer and its catalogue. A capability that is gone breaks those that used it; ' +
      'one that came is for those that ask for it.',
    causes: {
      ok: {
        message: ({ kept, gained }) => `${kept} kept${gained ? `; new: ${gained}` : ', none is new'}`,
      },
      'no-state': noState,
      'no-daemon-before': { message: () => 'skipped: no daemon ran before the upgrade' },
      'unseen-before': unseenBefore,
      lost: {
        message: ({ lost, gained }) => `no longer announced: ${lost}${gained ? `; new: ${gained}` : ''}`,
        hint: () => 'Clients must not use it any more; where one needs it, keep the version of before.',
        follows: ['daemon:contract *', 'daemon:capabilities missing'],
      },
      changed: {
        message: ({ changed }) => `announced otherwise than before: ${changed}`,
        hint: () => 'Look whether the clients understand the new value.',
      },
      unanswered: {
        message: () => 'the catalogue was not answered, and cannot be compared',
        hint: () => 'Ask again once the daemon answers.',
      },
      'no-answer': noAnswer,
    },
    needs: [...livenessNeeds, 'daemon.capabilities'],
    judge: (seen) => {
      const daemon = before?.daemon === 'none' ? null : before?.daemon;
      const { outcome, body } = seen['daemon.capabilities'];
      const reason = withoutAnswer(seen) ?? null;
      const was = withCatalogue(
        new Map(daemon?.capabilities.map(({ name, value }) => [name, value])),
        daemon?.catalogue,
      );
      const is = withCatalogue(announced(seen['daemon.health'].body), body);
      // A catalogue that only one of the two has been asked for says nothing of a change.
      const isCompared = daemon?.catalogue && body;
      const count = (name: string): boolean => Boolean(isCompared) || !name.startsWith(inCatalogue);
      const lost = [...was.keys()].filter((name) => count(name) && !is.has(name));
      const gained = [...is.keys()].filter((name) => count(name) && !was.has(name));
      const changed = [...was].filter(([name, value]) => is.has(name) && is.get(name) !== value);
      const rest = {
        facts: {
          lost: some(lost),
          gained: some(gained),
          changed: some(changed.map(([name, value]) => `${name} (${value}, now ${is.get(name)})`)),
          kept: was.size - lost.length - changed.length,
          reason,
        },
        evidence: [
          ...from('daemon.health', { announced: is.size, lost: some(lost), gained: some(gained) }),
          ...from('daemon.capabilities', { outcome, count: body?.length ?? null }),
        ],
      };
      if (!before) return [skipped('no-state', target, rest)];
      if (before.daemon === 'none') return [skipped('no-daemon-before', target, rest)];
      if (!daemon) return [unknown('unseen-before', target, rest)];
      if (reason !== null) return [unknown('no-answer', target, rest)];
      const found = [];
      if (lost.length > 0) found.push(fail('lost', target, rest));
      // What it says now is not what the clients that need it were made for.
      const isNeeded = changed.some(([name]) => before.requirements.capabilities.includes(name));
      if (changed.length > 0) found.push((isNeeded ? fail : warn)('changed', target, rest));
      if (daemon.catalogue && outcome !== 'answered') found.push(unknown('unanswered', target, rest));
      return found.length > 0 ? found : [pass(target, rest)];
    },
  });

/** No name in a health answer begins like this: it is what tells the two apart. */
const inCatalogue = 'catalogue/';

const withCatalogue = (held: Announced, ids: readonly string[] | null | undefined): Announced =>
  new Map([...held, ...(ids ?? []).map((id) => [`${inCatalogue}${id}`, 'listed'] as const)]);

const some = (list: readonly string[]): string =>
  list.length <= 10 ? list.join(', ') : `${list.slice(0, 10).join(', ')} and ${list.length - 10} more`;
