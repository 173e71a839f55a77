import { count } from '../src/model/amounts.ts';
import { type Check, defineCheck, type Facts, fail, from, pass, skipped, unknown, warn } from '../src/model/check.ts';
import { noState, unseenBefore } from '../src/upgrade/causes.ts';
import type { UpgradeState } from '../src/upgrade/state.ts';

const fates = ({ open, ended, orphaned, ids }: Facts): string =>
  [
    Number(open) > 0 ? `${open} still open` : '',
    Number(ended) > 0 ? `${ended} ended` : '',
    Number(orphaned) > 0 ? `${orphaned} had no process and are orphaned now` : '',
  ]
    .filter(Boolean)
    .join(', ')
    .concat(ids ? ` (${ids})` : '');

const target = '<coven-home>/coven.sqlite3';

type Open = NonNullable<UpgradeState['sessions']>['open'][number];

/** What became of a session that was open: the restart explains an end as orphaned, and a start one as failed. */
type Fate = 'open' | 'ended' | 'orphaned' | 'interrupted' | 'unexplained' | 'lost' | 'unseen';

/** Every session that was open before is accounted for. */
export const upgradedSessions = (before: UpgradeState | null): Check =>
  defineCheck({
    id: 'upgraded:sessions',
    category: 'upgrade',
    title: 'Every session that was open is accounted for',
    explain:
      'A restart ends the sessions of the daemon, and the next start marks their rows `orphaned`; rows that were never launched become ' +
      '`failed` after ten minutes. What was recorded can be replayed. External rows are never touched.',
    causes: {
      ok: {
        message: (facts) =>
          Number(facts.was) === 0 ? 'none was open' : `of ${facts.was} that were open: ${fates(facts)}`,
      },
      'no-state': noState,
      'no-ledger-before': { message: () => 'skipped: there was no ledger before' },
      'unseen-before': unseenBefore,
      lost: {
        message: ({ count: lost, ids }) =>
          `${count(lost, 'session')} that ${Number(lost) === 1 ? 'was' : 'were'} open ${Number(lost) === 1 ? 'is' : 'are'} not in the ledger any more (${ids})`,
        hint: () => 'Compare with the backup of before the upgrade.',
      },
      interrupted: {
        message: ({ count: ended, ids }) => `${count(ended, 'live session')} ended with the restart (${ids})`,
        hint: () =>
          'Replay what was recorded, and launch them again; a live `coven run` goes on by itself and names its end.',
      },
      unexplained: {
        message: ({ count: changed, ids }) => `${count(changed, 'session')} changed as no restart explains (${ids})`,
        hint: () => 'Look at their events.',
      },
      undetermined: {
        message: ({ ids }) => `not every session of before could be found${ids ? ` (${ids})` : ''}`,
        hint: () => 'Look at them yourself: too many have changed since, or the rows could not be read.',
      },
    },
    needs: ['store.sessions', 'store.rows'],
    judge: ({ 'store.sessions': sessions, 'store.rows': rows }) => {
      const open = new Map(sessions.open.map(({ id, status }) => [id, status]));
      const statuses = new Map([...rows.changed.map(({ id, status }) => [id, status] as const), ...open]);
      const isSeen = sessions.outcome === 'read' && rows.outcome === 'read';
      const was = before?.sessions?.open ?? [];
      const fates = was.map((session) => ({
        session,
        now: statuses.get(session.id),
        fate: fateOf(session, statuses.get(session.id), rows.changedComplete),
      }));
      const of = (...wanted: readonly Fate[]) => fates.filter(({ fate }) => wanted.includes(fate));
      const ids = (list: typeof fates): string =>
        list
          .slice(0, 5)
          .map(({ session, now }) => `${session.id}${now === undefined ? '' : ` ${now}`}`)
          .join(', ');
      const evidence = [
        ...from('store.rows', { outcome: rows.outcome, changed: rows.changed.length, complete: rows.changedComplete }),
        ...from('store.sessions', { outcome: sessions.outcome }),
        ...fates
          .filter(({ fate }) => fate !== 'open')
          .slice(0, 20)
          .flatMap(({ session, now }) => from('store.rows', { [session.id]: now ?? null })),
      ];
      const counts = Object.fromEntries(
        (['open', 'ended', 'orphaned', 'interrupted'] as const).map((fate) => [fate, of(fate).length]),
      );
      const rest = (list: typeof fates = []) => ({
        facts: { ...counts, was: was.length, count: list.length, ids: ids(list) },
        evidence,
      });
      if (!before) return [skipped('no-state', target, rest())];
      if (before.ledger === 'none') return [skipped('no-ledger-before', target, rest())];
      if (!before.sessions) return [unknown('unseen-before', target, rest())];
      if (!isSeen) return [unknown('undetermined', target, rest(fates))];
      const [lost, interrupted, unexplained, unseen] = [of('lost'), of('interrupted'), of('unexplained'), of('unseen')];
      const found = [];
      if (lost.length > 0) found.push(fail('lost', target, rest(lost)));
      if (interrupted.length > 0) found.push(warn('interrupted', target, rest(interrupted)));
      if (unexplained.length > 0) found.push(warn('unexplained', target, rest(unexplained)));
      if (unseen.length > 0 || !before.sessions.openComplete) found.push(unknown('undetermined', target, rest(unseen)));
      return found.length > 0 ? found : [pass(target, rest(of('ended', 'orphaned')))];
    },
  });

/** Source: what starts of Coven 0.4.6 make of open rows. External rows are never touched by one. */
function fateOf({ status, standing }: Open, now: string | undefined, complete: boolean): Fate {
  if (now === undefined) return complete ? 'lost' : 'unseen';
  if (now === status) return 'open';
  if (standing === 'external') return now === 'orphaned' ? 'unexplained' : 'ended';
  if (now === 'orphaned') return standing === 'live' || standing === 'unowned' ? 'interrupted' : 'orphaned';
  // A daemon that is ended may see its harness hang up, and calls the session failed itself.
  if (now === 'failed' && standing === 'live') return 'interrupted';
  if (now === 'created') return 'unexplained';
  return now === 'running' ? 'open' : 'ended';
}
