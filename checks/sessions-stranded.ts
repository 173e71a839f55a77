import { defineCheck, from, pass, warn } from '../src/check.ts';
import { strandedSeconds } from '../src/coven/contract.ts';
import { withoutRows } from '../src/coven/gates.ts';
import { ageSeconds } from '../src/coven/liveness.ts';

const target = '<coven-home>/coven.sqlite3';

/** Rows that say `created` long after they were made: nobody launched them, and Coven's next start calls them failed. */
export const sessionsStranded = defineCheck({
  id: 'sessions:stranded',
  category: 'sessions',
  needs: ['machine', 'home', 'store.open', 'store.sessions'],
  skip: withoutRows,
  judge: ({ machine: { now }, 'store.sessions': { open, byStatus } }) => {
    const created = open.filter(({ status, external }) => status === 'created' && !external);
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
    return [stranded.length > 0 ? warn('stranded', target, { facts, evidence }) : pass(target, { facts, evidence })];
  },
});
