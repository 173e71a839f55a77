import { strandedSeconds } from '../src/coven/contract.ts';
import { withoutLedger } from '../src/coven/gates.ts';
import { ageSeconds } from '../src/coven/liveness.ts';
import { judgeRows, rowNeeds } from '../src/coven/rows.ts';
import { command } from '../src/model/advice.ts';
import { count } from '../src/model/amounts.ts';
import { defineCheck, fail, from, pass, unknown, warn } from '../src/model/check.ts';

const target = '<coven-home>/coven.sqlite3';

/** The restart that an upgrade takes ends every session of the daemon, and calls those of a live `coven run` orphaned. */
export const upgradeSessions = defineCheck({
  id: 'upgrade:sessions',
  category: 'upgrade',
  title: 'No live session would be ended',
  explain:
    'An upgrade takes a restart. That ends every session of the daemon, whose rows become `orphaned`, and also calls the row of a live ' +
    '`coven run` orphaned, though it goes on. A session is live by the same proof as in `sessions:orphaned`.',
  causes: {
    ok: { message: () => 'no session is live' },
    'live-sessions': {
      message: ({ live, ids }) =>
        `${count(live, 'session is', 'sessions are')} live (${ids}); a restart ends what the daemon runs, and calls the rest orphaned`,
      hint: () => [
        'Let them finish, or end one with `coven kill ID`. The same preflight with `--wait-idle 10m` waits until they have ended. To see them:',
        command('coven-doctor', 'sessions'),
      ],
    },
    'live-runs': {
      message: ({ runs }) =>
        `${count(runs, '`coven run` is', '`coven run` are')} live, and no row tells which session is whose`,
      hint: () =>
        'End them in the terminals that they run in, or let them finish. The same preflight with `--wait-idle 10m` waits for that.',
    },
    waiting: {
      message: ({ created }) => `${count(created, 'session is', 'sessions are')} about to begin`,
      hint: () => 'Wait until they have begun and ended.',
    },
    undetermined: {
      message: ({ doubtful, code }) =>
        code
          ? `the rows could not be read (${code})`
          : `of ${count(doubtful ?? 0, 'running row')} it cannot be told whether it lives`,
      hint: () => [
        'An upgrade that does not know what it ends should wait. This says why it is not known:',
        command('coven-doctor', 'explain', 'sessions:orphaned'),
      ],
      follows: ['sessions:orphaned undetermined'],
    },
  },
  needs: rowNeeds,
  skip: withoutLedger,
  judge: (seen) => {
    const { outcome, code, open, openComplete } = seen['store.sessions'];
    const base = from('store.sessions', { outcome, code, open: open.length, openComplete });
    if (outcome !== 'read') return [unknown('undetermined', target, { facts: { code }, evidence: base })];
    const { live, doubtful, unmatchedRuns: runs } = judgeRows(seen);
    // Those that wait for longer are stranded, which is told by a check of its own.
    const created = open.filter(
      ({ status, external, createdAt }) =>
        status === 'created' && !external && (ageSeconds(createdAt, seen.machine.now) ?? 0) <= strandedSeconds,
    );
    const facts = {
      live: live.length,
      doubtful: doubtful.length,
      runs,
      created: created.length,
      code,
      ids: live
        .slice(0, 5)
        .map(({ id }) => id)
        .join(', '),
    };
    const rows = live.slice(0, 20).flatMap(({ id, status }) => from('store.sessions', { [id]: status }));
    const rest = { facts, evidence: [...base, ...rows] };
    const found = [];
    if (live.length > 0) found.push(fail('live-sessions', target, rest));
    if (runs > 0)
      found.push(fail('live-runs', target, { ...rest, evidence: [...base, ...from('processes', { runs })] }));
    if (doubtful.length > 0 || !openComplete) found.push(unknown('undetermined', target, rest));
    if (created.length > 0) found.push(warn('waiting', target, rest));
    return found.length > 0 ? found : [pass(target, rest)];
  },
});
