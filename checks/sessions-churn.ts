import { defineCheck, from, pass, warn } from '../src/check.ts';
import { withoutRows } from '../src/coven/gates.ts';

const target = '<coven-home>/coven.sqlite3';

/** So many sessions of a day, and such a share of them, do not fail by chance. */
const churn = { sessions: 5, share: 0.5 };

/** Sessions that end as failed or orphaned again and again: the guide's sign to ask for support. */
export const sessionsChurn = defineCheck({
  id: 'sessions:churn',
  category: 'sessions',
  needs: ['home', 'store.open', 'store.sessions'],
  skip: withoutRows,
  judge: ({ 'store.sessions': { recent } }) => {
    const { made, failed, orphaned } = recent;
    const bad = failed + orphaned;
    const rest = { facts: { made, failed, orphaned }, evidence: from('store.sessions', { made, failed, orphaned }) };
    const churns = bad >= churn.sessions && bad >= churn.share * made;
    return [churns ? warn('churn', target, { ...rest, escalate: 'sessions-failing' }) : pass(target, rest)];
  },
});
