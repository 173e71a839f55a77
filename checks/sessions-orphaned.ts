import { defineCheck, from, pass, unknown, warn } from '../src/check.ts';
import { withoutLedger } from '../src/coven/gates.ts';
import { judgeLiveness } from '../src/coven/liveness.ts';
import { judgeRows, rowNeeds } from '../src/coven/rows.ts';

const target = '<coven-home>/coven.sqlite3';

/**
 * Rows that say `running` and whose process is proven gone. Rows of a live daemon or `coven run`, external rows and
 * rows that cannot be told are kept apart.
 */
export const sessionsOrphaned = defineCheck({
  id: 'sessions:orphaned',
  category: 'sessions',
  needs: rowNeeds,
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
