import { aheadMost, strandedSeconds } from '../src/coven/contract.ts';
import { passOfRows, rowsUnread, withoutRows } from '../src/coven/gates.ts';
import { ageSeconds } from '../src/coven/liveness.ts';
import { daysToKeep, endsByAge, usualDays } from '../src/coven/retention.ts';
import { type Advice, command, shellCommand } from '../src/model/advice.ts';
import { count } from '../src/model/amounts.ts';
import { defineCheck, type Facts, fail, from, warn } from '../src/model/check.ts';
import { homeWord } from '../src/model/shell.ts';
import { orphanRemedy } from '../src/repair/remedies/sessions.ts';

const target = '<coven-home>/coven.sqlite3';

/** The reader counts no further. */
const counted = (amount: unknown, ...words: readonly [one: string, many?: string]): string =>
  `${Number(amount) >= aheadMost ? 'at least ' : ''}${count(amount, ...words)}`;

/** A clock may be set back by as much, as by an NTP server. */
const aheadSeconds = 3600;

/** A backup, and days enough. The variable of the shell goes before privacy.toml, which may hold other settings. */
const keepThem = ({ keepDays, isConfigured }: Facts): Advice => [
  command('coven-doctor', 'backup', 'create'),
  ...(isConfigured
    ? [
        `Then set \`log_retention_days\` in privacy.toml to ${keepDays} or more (COVEN_LOG_RETENTION_DAYS goes before it, where it is set), or correct their times.`,
      ]
    : [
        'Then let Coven keep them that long, or correct their times:',
        shellCommand(`(umask 077 && echo log_retention_days = ${keepDays} >> ${homeWord('privacy.toml')})`),
      ]),
];

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
    behind: {
      message: ({ agedEvents, agedSessions, agedAt, days }) =>
        `the next start of the daemon deletes ${counted(agedEvents, 'event')} of ${count(agedSessions, 'session')}: they are dated before there was any Coven (${agedAt}), and events are kept for ${count(days, 'day')}`,
      hint: (facts) => [
        'A clock had stopped when they were written: compare it with `date`. Keep a backup before any daemon starts:',
        ...keepThem(facts),
      ],
    },
    'all-by-age': {
      message: ({ agedEvents, agedAt, days }) =>
        `the next start of the daemon deletes every event that was recorded (${counted(agedEvents, 'event')}): the last is of ${agedAt}, and events are kept for ${count(days, 'day')}`,
      hint: (facts) => [
        'If you want to replay these sessions later, keep a backup before a daemon starts:',
        ...keepThem(facts),
      ],
    },
    ...rowsUnread,
  },
  needs: ['machine', 'home', 'store.open', 'store.sessions'],
  wants: ['home.config', 'processes', 'store.bytes', 'store.integrity'],
  skip: withoutRows,
  judge: (seen) => {
    const {
      machine: { now },
      'store.sessions': sessions,
      'home.config': config,
      processes,
    } = seen;
    const { open, byStatus, ahead } = sessions;
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
    // A daemon that runs has deleted them, or is about to.
    const runs = processes?.list.some(({ role, home, state }) => role === 'serve' && home === 'this' && state !== 'Z');
    const aged = runs ? null : endsByAge(sessions, config, now);
    if (aged) {
      const { code, events, sessions: of, days, at } = aged;
      const facts = {
        agedEvents: events,
        agedSessions: of,
        agedAt: at,
        days,
        keepDays: daysToKeep(at, now),
        isConfigured: days !== usualDays || (config?.files.some(({ name }) => name === 'privacy.toml') ?? true),
      };
      const evidence = [
        ...from('store.sessions', { agedEvents: events, agedAt: at }),
        ...from('home.config', { eventDays: days }),
      ];
      found.push((code === 'behind' ? fail : warn)(code, target, { facts, evidence }));
    }
    return found.length > 0 ? found : passOfRows(seen, ['sessions', 'events'], target, { facts, evidence });
  },
});
