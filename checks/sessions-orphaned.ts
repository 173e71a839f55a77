import { toRestart, toRun } from '../src/coven/advice.ts';
import { withoutLedger } from '../src/coven/gates.ts';
import { isUnfinished } from '../src/coven/ledger.ts';
import { judgeLiveness } from '../src/coven/liveness.ts';
import { judgeRows, rowNeeds } from '../src/coven/rows.ts';
import { orphanRemedy } from '../src/fix/remedies/sessions.ts';
import { count } from '../src/model/amounts.ts';
import { defineCheck, type Facts, from, pass, unknown, warn } from '../src/model/check.ts';

const apart = ({ live, external, unowned }: Facts): string =>
  [
    Number(live) > 0 ? `${live} live` : '',
    Number(unowned) > 0 ? `${unowned} alive without a daemon` : '',
    Number(external) > 0 ? `${external} external` : '',
  ]
    .filter(Boolean)
    .join(', ');
const doubts: Readonly<Record<string, string>> = {
  'other-namespaces': 'processes of other pid namespaces cannot be seen from here',
  'hidden-environment': 'a process that may be their harness hides its environment',
  'other-command': 'a live coven command may own them',
  'other-process': 'a process that no daemon owns carries their mark or began with them, and may be their harness',
  'daemon-unclear': 'the state of the daemon is not clear',
  'one-look': 'they could not be looked at a second time',
  'sessions-unreadable': 'the rows could not be read',
  'too-many-rows': 'there are too many to examine',
};

const target = '<coven-home>/coven.sqlite3';

/**
 * Rows that say `running` and whose process is proven gone. Rows of a live daemon or `coven run`, external rows and
 * rows that cannot be told are kept apart.
 */
export const sessionsOrphaned = defineCheck({
  id: 'sessions:orphaned',
  category: 'sessions',
  title: 'Running sessions have a process',
  explain:
    'A row stays `running` when its daemon was killed, and after a clean stop too; the next start of the daemon marks it `orphaned` ' +
    'and keeps all that was recorded. A start also marks the row of a live `coven run`. External rows are never touched.',
  causes: {
    ok: {
      message: (facts) => (apart(facts) ? `running: ${apart(facts)}` : 'no session is running'),
    },
    orphaned: {
      message: (facts) =>
        `${count(facts.orphaned, 'row says', 'rows say')} \`running\` and the process is gone (${facts.ids})${apart(facts) ? `; kept apart: ${apart(facts)}` : ''}`,
      hint: (facts) =>
        facts.daemon === 'running'
          ? `${toRestart(facts)}, which marks them orphaned; it also ends every live session of the daemon`
          : `${toRun('start', facts)}, which marks them orphaned; \`coven-doctor sessions\` lists them and replays what was recorded${Number(facts.live) > 0 ? '. It also marks the rows of a live `coven run`' : ''}`,
      follows: ['daemon stale'],
      remedy: orphanRemedy,
    },
    undetermined: {
      message: ({ doubtful, doubt, code }) =>
        `${doubtful === undefined ? '' : `${count(doubtful, 'running row')}: `}${doubts[String(doubt)] ?? doubt}${code ? ` (${code})` : ''}`,
      hint: () => 'run the doctor again once the named doubt is gone, in the namespace and as the user of the daemon',
      follows: [
        'daemon hung',
        'daemon slow',
        'daemon unreachable',
        'daemon foreign',
        'daemon undetermined',
        'store:integrity corrupt',
        'store:wal torn',
        'store:wal cut',
        'store:schema missing-tables',
      ],
    },
  },
  needs: [...rowNeeds, 'store.integrity'],
  skip: withoutLedger,
  judge: (seen) => {
    const sessions = seen['store.sessions'];
    const { outcome, code, looks, openComplete } = sessions;
    const base = from('store.sessions', {
      outcome,
      code,
      running: sessions.byStatus.running ?? 0,
      looks,
      openComplete,
    });
    // A ledger that its first command did not finish has no sessions yet.
    if (outcome === 'no-table' && isUnfinished(seen['store.open'], seen['store.integrity']))
      return [pass(target, { facts: {}, evidence: base })];
    if (outcome !== 'read')
      return [
        unknown('undetermined', target, {
          facts: { doubt: 'sessions-unreadable', code },
          evidence: base,
        }),
      ];

    const { live, unowned, orphaned, doubtful, external } = judgeRows(seen);
    const { verdict } = judgeLiveness(seen);
    const counts = {
      orphaned: orphaned.length,
      live: live.length,
      unowned: unowned.length,
      doubtful: doubtful.length,
      external,
    };
    const judged = orphaned.length + live.length + unowned.length + doubtful.length > 0;
    // Where no row is judged, nothing rests on whether a daemon can be reached.
    const evidence = judged ? [...base, ...from('daemon.socket', { connect: seen['daemon.socket'].connect })] : base;
    const ids = (rows: readonly { id: string }[]): string =>
      rows
        .slice(0, 5)
        .map(({ id }) => id)
        .join(', ');
    const found = [];
    if (orphaned.length > 0) {
      const rows = orphaned
        .slice(0, 20)
        .flatMap(({ id, updatedAt }) => from('store.sessions', { [`${id}.updatedAt`]: updatedAt }));
      const facts = { ...counts, daemon: verdict, ids: ids(orphaned) };
      found.push(warn('orphaned', target, { facts, evidence: [...evidence, ...rows] }));
    }
    if (doubtful.length > 0 || !openComplete) {
      const facts = {
        ...counts,
        doubt: doubtful[0]?.doubt ?? 'too-many-rows',
        ids: ids(doubtful.map(({ row }) => row)),
      };
      found.push(unknown('undetermined', target, { facts, evidence }));
    }
    return found.length > 0 ? found : [pass(target, { facts: counts, evidence })];
  },
});
