import { withoutHome } from '../src/coven/gates.ts';
import { lockNames } from '../src/coven/layout.ts';
import { defineCheck, fail, from, pass } from '../src/model/check.ts';

/** Lock files are regular and have one name: a lock on anything else guards nothing. Who holds them is no fault. */
export const homeLocks = defineCheck({
  id: 'home:locks',
  category: 'home',
  title: 'The lock files are regular files of their own',
  explain:
    'Coven locks whole files with flock(2) and refuses one that is a symlink, no regular file, or known by a second name. Who holds a ' +
    'lock is shown with --verbose; a held lock is no fault.',
  causes: {
    ok: { message: ({ held }) => (held ? `held: ${held}` : 'none is held') },
    'not-regular': {
      message: ({ name, kind }) => `<coven-home>/${name} is a ${kind}, not a regular file`,
      hint: ({ name }) => `with no coven process alive, move <coven-home>/${name} out of the home; Coven makes it anew`,
    },
    linked: {
      message: ({ name, links }) => `<coven-home>/${name} has ${links} names, so a process may lock it elsewhere`,
      hint: ({ name }) => `with no coven process alive, move <coven-home>/${name} out of the home; Coven makes it anew`,
    },
  },
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
