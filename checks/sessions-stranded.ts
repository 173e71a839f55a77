import { aheadMost, strandedSeconds } from '../src/coven/contract.ts';
import { withoutRows } from '../src/coven/gates.ts';
import { ageSeconds } from '../src/coven/liveness.ts';
import { command } from '../src/model/advice.ts';
import { count } from '../src/model/amounts.ts';
import { defineCheck, from, pass, warn } from '../src/model/check.ts';
import { orphanRemedy } from '../src/repair/remedies/sessions.ts';

const target = '<coven-home>/coven.sqlite3';

/** The reader counts no further. */
const counted = (amount: unknown, ...words: readonly [one: string, many?: string]): string =>
  `${Number(amount) >= aheadMost ? 'at least ' : ''}${count(amount, ...words)}`;

/** A clock may be set back by as much, as by an NTP server. */
const aheadSeconds = 3600;

/** Rows that say `created` long after they were made: nobody launched them, and Coven's next start calls them failed. */
export const sessionsStranded = defineCheck({
  id: 'sessions:stranded',
  category: 'sessions',
  title: 'No session waits for ever to be launched',
  explain:
    '`coven run --detach` makes a `created` row and starts nothing. After ten minutes Coven counts it as failed, at the next start of ' +
    'the daemon or when sessions are listed. External rows are kept apart.',
  causes: {
    ok: {
      message: ({ created }) =>
        Number(created) > 0
          ? `${count(created, 'session was', 'sessions were')} created just now`
          : 'no session is waiting to be launched',
    },
    stranded: {
      message: ({ stranded, ids }) =>
        `${count(stranded, 'session was', 'sessions were')} created over ten minutes ago and never launched (${ids})`,
      hint: () => 'Launch them again from their project. The next start of the daemon marks these as failed.',
      remedy: orphanRemedy,
    },
    undated: {
      message: ({ undated, undatedIds, undatedAt, aheadEvents, aheadAt }) =>
        `${count(undated, 'session that was never launched has', 'sessions that were never launched have')} a time that is damaged or in the future (${undatedIds}, dated ${undatedAt}), by which Coven never counts ${Number(undated) === 1 ? 'it' : 'them'} as failed` +
        `${Number(aheadEvents) > 0 ? `; ${counted(aheadEvents, 'event is', 'events are')} dated in the future, too, the last at ${aheadAt}` : ''}`,
      hint: ({ undatedId, undatedEvents }) =>
        undatedEvents === 0
          ? [
              'Nothing was recorded in it, and it does no harm. This removes its record for good:',
              command('coven', 'sacrifice', String(undatedId), '--yes'),
            ]
          : [
              `It does no harm. ${undatedEvents === null ? 'It may hold events' : `It holds ${count(undatedEvents, 'event')}`}: keep it, since \`coven sacrifice\` would delete them for good. Set the clock of this machine if it is wrong.`,
            ],
      // One clock was ahead for both.
      follows: ['sessions:stranded ahead'],
    },
    ahead: {
      message: ({ aheadSessions, aheadEvents, aheadAt }) =>
        `${counted(aheadSessions, 'session')} and ${counted(aheadEvents, 'event')} are dated in the future, the last at ${aheadAt}`,
      hint: () =>
        'A clock was ahead when they were written, or is behind now: compare it with `date`. Until that time they are listed as the newest, and no retention removes them.',
    },
  },
  needs: ['machine', 'home', 'store.open', 'store.sessions'],
  skip: withoutRows,
  judge: ({ machine: { now }, 'store.sessions': { open, byStatus, ahead } }) => {
    const created = open.filter(({ status, external }) => status === 'created' && !external);
    const age = (createdAt: string): number => ageSeconds(createdAt, now) ?? Number.NEGATIVE_INFINITY;
    const undated = created.filter(({ createdAt }) => age(createdAt) < -aheadSeconds);
    const stranded = created.filter(({ createdAt }) => (ageSeconds(createdAt, now) ?? 0) > strandedSeconds);
    const facts = {
      stranded: stranded.length,
      created: created.length,
      ids: stranded
        .slice(0, 5)
        .map(({ id }) => id)
        .join(', '),
    };
    const evidence = [
      ...from('store.sessions', { created: byStatus.created ?? 0 }),
      ...stranded
        .slice(0, 20)
        .flatMap(({ id, createdAt }) => from('store.sessions', { [`${id}.createdAt`]: createdAt })),
    ];
    const aheadFacts = { aheadSessions: ahead.sessions, aheadEvents: ahead.events, aheadAt: ahead.lastAt };
    const found = stranded.length > 0 ? [warn('stranded', target, { facts, evidence })] : [];
    if (undated.length > 0) {
      found.push(
        warn('undated', target, {
          facts: {
            undated: undated.length,
            undatedId: undated[0]?.id ?? null,
            undatedAt: undated[0]?.createdAt ?? null,
            undatedEvents: ahead.list.find(({ id }) => id === undated[0]?.id)?.events ?? null,
            ...aheadFacts,
            undatedIds: undated
              .slice(0, 5)
              .map(({ id }) => id)
              .join(', '),
          },
          evidence: undated
            .slice(0, 20)
            .flatMap(({ id, createdAt }) => from('store.sessions', { [`${id}.createdAt`]: createdAt })),
        }),
      );
    }
    // Events of the future are told with those sessions; sessions that were launched are not.
    if (ahead.sessions > undated.length || (undated.length === 0 && ahead.events > 0))
      found.push(warn('ahead', target, { facts: aheadFacts, evidence: from('store.sessions', aheadFacts) }));
    return found.length > 0 ? found : [pass(target, { facts, evidence })];
  },
});
