import type { Facts } from '../../check.ts';
import { count } from '../harmless.ts';
import type { Cause, CheckWords } from '../words.ts';
import { toRun } from './advice.ts';
import { noAnswer, versionOf } from './upgrade.ts';

const noState: Cause = { message: () => 'not asked: nothing was saved before (preflight --save)' };

const unseenBefore: Cause = {
  message: () => 'it could not be seen before the upgrade, and is not in the saved state',
  hint: () => 'preflight told why; what it could not see cannot be compared',
};

const fates = ({ open, ended, orphaned, ids }: Facts): string =>
  [
    Number(open) > 0 ? `${open} still open` : '',
    Number(ended) > 0 ? `${ended} ended` : '',
    Number(orphaned) > 0 ? `${orphaned} had no process and are orphaned now` : '',
  ]
    .filter(Boolean)
    .join(', ')
    .concat(ids ? ` (${ids})` : '');

/** Words for what is asked after it. */
export const upgradedWords: Readonly<Record<string, CheckWords>> = {
  'upgraded:state': {
    title: 'The saved state is of just before the upgrade',
    explain: 'What a home was more than a day ago says little: sessions and events came and went since.',
    causes: {
      ok: { message: ({ minutes }) => `saved ${count(minutes, 'minute')} ago` },
      'no-state': noState,
      old: {
        message: ({ at }) => `the state was saved at ${at}, more than a day ago`,
        hint: () => 'compare with one that preflight --save has written right before the upgrade',
      },
      undetermined: {
        message: ({ at }) => `the state says that it was saved at ${at}, which is still to come`,
        hint: () => 'set the clock of the machine right',
      },
    },
  },
  'upgraded:version': {
    title: 'Another version runs',
    explain:
      'A daemon goes on with the program that it was started from. It is upgraded when another process answers and names the version that ' +
      'was wanted, or a newer one than before.',
    causes: {
      ok: { message: ({ was, now }) => `${versionOf(now)} runs, after ${versionOf(was)}` },
      'no-state': noState,
      'not-running': {
        message: ({ verdict }) => `no daemon runs after the upgrade (${verdict})`,
        hint: (facts) => `${toRun('start', facts)}; if it fails, \`coven daemon serve\` in the foreground says why`,
      },
      'not-restarted': {
        message: ({ pid, now }) => `the process of before (pid ${pid ?? 'unknown'}) still runs, with ${versionOf(now)}`,
        hint: (facts) => toRun('restart', facts),
      },
      older: {
        message: ({ was, now }) => `${versionOf(now)} runs, and ${versionOf(was)} has written the ledger before`,
        hint: () => 'install the newer one again; to go back, restore a backup of before it',
      },
      'wrong-version': {
        message: ({ now, wanted }) => `${versionOf(now)} runs; ${wanted} was wanted`,
        hint: () => '`install:binaries` says which one is run; install the target in its place and restart',
      },
      'same-version': {
        message: ({ now }) => `${versionOf(now)} runs, as before`,
        hint: () => '`install:binaries` says which one is run; install the new one in its place and restart',
      },
      'no-version': {
        message: ({ was, now }) => `${versionOf(was)} and ${versionOf(now)} cannot be compared`,
        hint: () => 'name the target when the state is saved (--target-version)',
      },
      'no-answer': noAnswer,
    },
  },
  'upgraded:capabilities': {
    title: 'What was announced is announced still',
    explain:
      'Clients rely on what a daemon announces in its health answer and its catalogue. A capability that is gone breaks those that used it; ' +
      'one that came is for those that ask for it.',
    causes: {
      ok: {
        message: ({ kept, gained }) => `${kept} kept${gained ? `; new: ${gained}` : ', none is new'}`,
      },
      'no-state': noState,
      'no-daemon-before': { message: () => 'not asked: no daemon ran before the upgrade' },
      'unseen-before': unseenBefore,
      lost: {
        message: ({ lost, gained }) => `no longer announced: ${lost}${gained ? `; new: ${gained}` : ''}`,
        hint: () => 'clients must not use it any more; where one needs it, keep the version of before',
      },
      changed: {
        message: ({ changed }) => `announced otherwise than before: ${changed}`,
        hint: () => 'look whether the clients understand the new value',
      },
      unanswered: {
        message: () => 'the catalogue was not answered, and cannot be compared',
        hint: () => 'ask again once the daemon answers',
      },
      'no-answer': noAnswer,
    },
  },
  'upgraded:ledger': {
    title: 'All rows are there still',
    explain:
      'Rows of sessions and events are counted, and new ones are known by their rowids, so that rows that are gone are missed among new ones; ' +
      'some, the last ones first, are known again by their ids, as in another ledger they would not be. ' +
      'Events past their time are removed by the daemon, the oldest first, and its health says when it last did.',
    causes: {
      ok: {
        message: ({ sessions, sessionsNew, events, eventsNew, eventsPruned }) =>
          `${count(sessions, 'session')} (${sessionsNew} new), ${count(events, 'event')} (${eventsNew} new${Number(eventsPruned) > 0 ? `, ${eventsPruned} past their time removed` : ''})`,
      },
      'no-state': noState,
      'no-ledger-before': { message: () => 'not asked: there was no ledger before' },
      'unseen-before': unseenBefore,
      'rows-lost': {
        message: ({ count: rows, tables }) =>
          `${count(rows, 'row')} of before ${rows === 1 ? 'is' : 'are'} gone: ${tables}`,
        hint: () => 'stop the daemon before more is written, and compare with the backup of before the upgrade',
      },
      'other-rows': {
        message: ({ others }) => `in the places of rows of before there are others: ${others} that were compared`,
        hint: () => 'stop the daemon before more is written, and compare with the backup of before the upgrade',
      },
      'not-explained': {
        message: ({ tables, lastPruneAt }) =>
          `rows of before are gone: ${tables}; old events were removed at ${lastPruneAt}, and these are not events past their time alone`,
        hint: () => 'compare with the backup of before the upgrade',
      },
      replaced: {
        message: () => 'the ledger is another file than before; its rows are all there',
        hint: () => 'a repair or a restore makes a new file; where there was none, find out who did',
      },
      undetermined: {
        message: ({ code }) => `the rows could not be counted${code ? ` (${code})` : ''}`,
        hint: () => 'run again; `store:open` says why the ledger could not be read',
      },
    },
  },
  'upgraded:sessions': {
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
      'no-ledger-before': { message: () => 'not asked: there was no ledger before' },
      'unseen-before': unseenBefore,
      lost: {
        message: ({ count: lost, ids }) =>
          `${count(lost, 'session')} that ${Number(lost) === 1 ? 'was' : 'were'} open ${Number(lost) === 1 ? 'is' : 'are'} not in the ledger any more (${ids})`,
        hint: () => 'compare with the backup of before the upgrade',
      },
      interrupted: {
        message: ({ count: ended, ids }) => `${count(ended, 'live session')} ended with the restart (${ids})`,
        hint: () =>
          'replay what was recorded, and launch them again; a live `coven run` goes on by itself and names its end',
      },
      unexplained: {
        message: ({ count: changed, ids }) => `${count(changed, 'session')} changed as no restart explains (${ids})`,
        hint: () => 'look at their events',
      },
      undetermined: {
        message: ({ ids }) => `not every session of before could be found${ids ? ` (${ids})` : ''}`,
        hint: () => 'look at them yourself: too many have changed since, or the rows could not be read',
      },
    },
  },
};
