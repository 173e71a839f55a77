import { defineCheck, fail, from, pass, unknown, warn } from '../src/check.ts';
import { withoutHome } from '../src/coven/gates.ts';

const target = '<coven-home>/doctor';

/** A repair that was cut off is finished or taken back by the next one, and by nothing else. */
export const homeRepairs = defineCheck({
  id: 'home:repairs',
  category: 'home',
  needs: ['home', 'home.runs'],
  skip: withoutHome,
  judge: ({ 'home.runs': { unfinished, notOurs, unexamined } }) => {
    const changed = unfinished.find((run) => run.changed !== null);
    const first = changed ?? unfinished[0];
    const facts = {
      run: first?.id ?? null,
      at: first?.at ?? null,
      count: unfinished.length,
      notOurs,
      unexamined,
      changed: changed?.changed ?? null,
    };
    const rest = { facts, evidence: from('home.runs', facts) };
    const found = [];
    if (notOurs !== null) found.push(warn('not-private', target, rest));
    if (changed) found.push(fail('changed-since', target, rest));
    else if (first) found.push(warn('unfinished', target, rest));
    if (unexamined !== null) found.push(unknown('undetermined', target, rest));
    return found.length > 0 ? found : [pass(target, rest)];
  },
});
