import { defineCheck, fail, from, pass } from '../src/check.ts';
import { withoutHome } from '../src/coven/gates.ts';
import { lockNames } from '../src/coven/layout.ts';

/** Lock files are regular and have one name: a lock on anything else guards nothing. Who holds them is no fault. */
export const homeLocks = defineCheck({
  id: 'home:locks',
  category: 'home',
  needs: ['home', 'home.entries', 'home.locks'],
  skip: withoutHome,
  judge: ({ 'home.entries': { list }, 'home.locks': { files, method } }) => {
    const locks = list.filter(({ name }) => lockNames.some((lock) => lock === name));
    const found = locks.flatMap(({ name, kind, links }) => {
      const rest = { facts: { name, kind, links }, evidence: from('home.entries', { [name]: kind, links }) };
      if (kind !== 'file') return fail('not-regular', `<coven-home>/${name}`, rest);
      return links === 1 ? [] : fail('linked', `<coven-home>/${name}`, rest);
    });
    if (found.length > 0) return found;
    const held = files.filter(({ holders }) => holders.length > 0);
    const facts = {
      held: held.map(({ name, holders }) => `${name} by ${holders.map(({ pid }) => pid).join(', ')}`).join('; '),
    };
    return [pass('<coven-home>', { facts, evidence: from('home.locks', { method, ...facts }) })];
  },
});
