import { defineCheck, from, pass, unknown, warn } from '../src/check.ts';
import { withoutHome } from '../src/coven/gates.ts';

/** Coven's own doctor ends without a word of any other check where repos.toml cannot be parsed. */
export const homeConfig = defineCheck({
  id: 'home:config',
  category: 'home',
  needs: ['home', 'home.config'],
  skip: withoutHome,
  judge: ({ 'home.config': { files } }) => {
    const found = files.flatMap(({ name, state, line }) => {
      const rest = { facts: { name, state, line }, evidence: from('home.config', { [name]: state, line }) };
      if (state === 'parsed') return [];
      return (state === 'unreadable' ? unknown : warn)(
        state === 'unreadable' ? 'undetermined' : 'unparsable',
        `<coven-home>/${name}`,
        rest,
      );
    });
    if (found.length > 0) return found;
    const facts = { files: files.length };
    return [pass('<coven-home>', { facts, evidence: from('home.config', facts) })];
  },
});
