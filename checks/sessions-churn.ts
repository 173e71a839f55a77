import { passOfRows, rowsUnread, withoutRows } from '../src/coven/gates.ts';
import { ageSeconds } from '../src/coven/liveness.ts';
import { outcomesOf } from '../src/coven/outcomes.ts';
import { command } from '../src/model/advice.ts';
import { count, instant } from '../src/model/amounts.ts';
import { defineCheck, type Facts, from, warn } from '../src/model/check.ts';

const target = '<coven-home>/coven.sqlite3';

/** So many sessions of a day, and such a share of them, do not fail by chance. */
const churn = { sessions: 5, share: 0.5 };

/** So many in a row do not fail by chance either, where the last of them was made within a day. */
const row = { sessions: 3, seconds: 24 * 3600 };

const showOne = ({ newest }: Facts) => [
  '`coven-doctor bundle --include-events ID` adds the events of one of them to a bundle.',
  'This lists them with their ids:',
  command('coven-doctor', 'sessions'),
  ...(newest === null
    ? []
    : ['This shows the output of the newest one:', command('coven-doctor', 'sessions', 'show', String(newest))]),
];

const inARow = ({ inRow, firstAt, lastAt, goodAt }: Facts): string =>
  `the newest ${inRow} sessions all failed, from ${instant(firstAt)} to ${instant(lastAt)}; ${goodAt === null ? 'no earlier session succeeded' : `the last one that succeeded is of ${instant(goodAt)}`}`;

/** Sessions that end as failed or orphaned again and again: the guide's sign to ask for support. */
export const sessionsChurn = defineCheck({
  id: 'sessions:churn',
  category: 'sessions',
  title: 'Sessions do not fail repeatedly',
  explain:
    'Five or more sessions of the last 24 hours, and at least half of them, ended as failed or orphaned; or the newest three or more all ' +
    'failed, which points to a common cause, not coincidence. Sessions that somebody ended do not count.',
  causes: {
    ok: {
      message: ({ made, failed, orphaned }) =>
        `${failed} of the ${count(made, 'session')} of the last 24 hours failed, and ${orphaned} were orphaned`,
    },
    churn: {
      message: (facts) =>
        `${facts.failed} of the ${count(facts.made, 'session')} of the last 24 hours failed, and ${facts.orphaned} were orphaned` +
        (Number(facts.inRow) >= row.sessions ? `; ${inARow(facts)}` : ''),
      hint: (facts) => [
        'Look at the last events of one of them, and at the other findings here, before you launch more.',
        ...showOne(facts),
      ],
    },
    'in-a-row': {
      message: inARow,
      hint: (facts) => [
        'Something in common makes them fail: look at what they said last, and at the other findings here.',
        ...showOne(facts),
      ],
      follows: [
        'daemon:context home-missing',
        'daemon:context other-home',
        'daemon:context no-network',
        'daemon:context no-terminals',
        'daemon:context git-variables',
      ],
    },
    ...rowsUnread,
  },
  needs: ['machine', 'home', 'store.open', 'store.sessions'],
  wants: ['store.bytes', 'store.integrity'],
  skip: withoutRows,
  judge: ({ machine, 'store.sessions': { recent, latest }, ...seen }) => {
    const { made, failed, orphaned } = recent;
    const { failed: streak, lastGood } = outcomesOf(latest);
    const [newest, oldest] = [streak[0], streak.at(-1)];
    const age = ageSeconds(newest?.createdAt, machine.now);
    const isRow = streak.length >= row.sessions && age !== null && age <= row.seconds;
    const facts = {
      ...{ made, failed, orphaned, inRow: isRow ? streak.length : 0, newest: newest?.id ?? null },
      ...{ firstAt: oldest?.createdAt ?? null, lastAt: newest?.createdAt ?? null, goodAt: lastGood?.createdAt ?? null },
    };
    const { inRow, firstAt, lastAt, goodAt } = facts;
    const evidence = from('store.sessions', {
      ...{ made, failed, orphaned },
      ...(isRow && { inRow, firstAt, lastAt, goodAt }),
    });
    const rest = { facts, evidence };
    const bad = failed + orphaned;
    const churns = bad >= churn.sessions && bad >= churn.share * made;
    if (!churns && !isRow) return passOfRows(seen, ['sessions'], target, rest);
    return [warn(churns ? 'churn' : 'in-a-row', target, { ...rest, escalate: 'sessions-failing' })];
  },
});
