import { toRestart, toRun } from '../src/coven/advice.ts';
import { passOfRows, rowsUnread, withoutLedger } from '../src/coven/gates.ts';
import { isUnfinished } from '../src/coven/ledger.ts';
import { judgeLiveness } from '../src/coven/liveness.ts';
import { judgeRows, launchSeconds, rowNeeds } from '../src/coven/rows.ts';
import { command } from '../src/model/advice.ts';
import { count } from '../src/model/amounts.ts';
import { defineCheck, type Facts, from, pass, unknown, warn } from '../src/model/check.ts';
import { orphanRemedy } from '../src/repair/remedies/sessions.ts';

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
  'just-begun': 'recorded just now, and no process is to be seen',
  'one-look': 'they could not be looked at a second time',
  'sessions-unreadable': 'the session rows could not be read',
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
      message: (facts) => (apart(facts) ? `sessions are running: ${apart(facts)}` : 'no session is running'),
    },
    orphaned: {
      message: (facts) =>
        `${count(facts.orphaned, 'session is', 'sessions are')} recorded as running, and the process is gone (${facts.ids})${apart(facts) ? `; not counted: ${apart(facts)}` : ''}`,
      hint: (facts) =>
        facts.daemon === 'running'
          ? ['A restart marks them orphaned. It also ends every running session of the daemon:', ...toRestart(facts)]
          : [
              'List them, and replay what they recorded:',
              command('coven-doctor', 'sessions'),
              `The next start marks them orphaned${Number(facts.live) > 0 ? ', and the rows of a running `coven run`, too' : ''}:`,
              ...toRun('start', facts),
            ],
      follows: ['daemon stale'],
      remedy: orphanRemedy,
    },
    'run-marked': {
      message: ({ markedId, markedPid, marked }) =>
        `session ${markedId} is recorded as orphaned, and its \`coven run\` (pid ${markedPid}) lives: a start of the daemon marked it${Number(marked) > 1 ? `; so are ${Number(marked) - 1} more` : ''}`,
      hint: ({ markedPid }) => [
        'Let it finish: its record is right again once it ends. Do not sacrifice it before, which deletes what it still records. This shows it:',
        command('ps', '-o', 'pid,user,lstart,cmd', '-p', String(markedPid)),
      ],
    },
    'external-silent': {
      message: ({ silent, days, id }) =>
        `${count(silent, 'session of another program has', 'sessions of other programs have')} been recorded as running for ${days} days and more without a change (${id})`,
      hint: (facts) => [
        'Coven never ends what another program runs: kill, sacrifice and a restart leave it. Where that program is gone, tell the daemon so:',
        ...(facts.daemon === 'running'
          ? [
              command(
                ...[
                  'curl',
                  '-sS',
                  '--fail',
                  '--unix-socket',
                  '<daemon-socket>',
                  '-H',
                  'content-type: application/json',
                ],
                ...['-d', '{"exitCode":1}', `http://localhost/api/v1/sessions/${facts.id}/complete`],
              ),
            ]
          : ['The daemon has to run for that:', ...toRun('start', facts)]),
      ],
    },
    undetermined: {
      message: ({ doubtful, doubt, code, sureAt }) =>
        `${doubtful === undefined ? '' : `${count(doubtful, 'running row')}: `}${doubts[String(doubt)] ?? doubt}${sureAt ? `; whether it is gone is sure at ${sureAt}` : ''}${code ? ` (${code})` : ''}`,
      hint: ({ sureAt }) =>
        sureAt
          ? 'A launch takes so long on a busy machine alone. Check again after that time.'
          : 'Check again once that is settled, where the daemon runs and as its user.',
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
    ...rowsUnread,
  },
  needs: [...rowNeeds, 'store.integrity'],
  wants: ['store.bytes'],
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

    const { live, unowned, orphaned, doubtful, external, marked } = judgeRows(seen);
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
    const [run] = marked;
    if (run) {
      const facts = { ...counts, marked: marked.length, markedId: run.id, markedPid: run.pid };
      const rows = marked.slice(0, 20).flatMap(({ id, pid }) => from('processes', { [`${pid}.session`]: id }));
      found.push(warn('run-marked', target, { facts, evidence: [...evidence, ...rows] }));
    }
    const silent = sessions.open.filter(
      (row) => row.external && row.status === 'running' && isSilent(row, seen.machine.now),
    );
    const [first] = silent;
    if (first) {
      const facts = { silent: silent.length, days: silentDays, id: first.id, daemon: verdict };
      const rows = from('store.sessions', { [`${first.id}.updatedAt`]: first.updatedAt, external: silent.length });
      found.push(warn('external-silent', target, { facts, evidence: rows }));
    }
    if (doubtful.length > 0 || !openComplete) {
      const facts = {
        ...counts,
        doubt: doubtful[0]?.doubt ?? 'too-many-rows',
        ids: ids(doubtful.map(({ row }) => row)),
        ...(doubtful[0]?.doubt === 'just-begun' && { sureAt: sureAt(doubtful.map(({ row }) => row)) }),
      };
      found.push(unknown('undetermined', target, { facts, evidence }));
    }
    return found.length > 0 ? found : passOfRows(seen, ['sessions'], target, { facts: counts, evidence });
  },
});

/** A program that a user has before himself is seldom left alone for so long. */
const silentDays = 7;
const isSilent = ({ updatedAt }: { updatedAt: string }, now: string): boolean =>
  Date.parse(updatedAt) + silentDays * 24 * 3600_000 < Date.parse(now);

/** When the last of these rows has been there for as long as a launch can take. */
const sureAt = (rows: readonly { createdAt: string }[]): string =>
  new Date(Math.max(...rows.map(({ createdAt }) => Date.parse(createdAt))) + launchSeconds * 1000).toISOString();
