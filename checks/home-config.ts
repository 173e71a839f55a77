import { withoutHome } from '../src/coven/gates.ts';
import { count } from '../src/model/amounts.ts';
import { defineCheck, from, pass, unknown, warn } from '../src/model/check.ts';

/** Coven's own doctor ends without a word of any other check where repos.toml cannot be parsed. */
export const homeConfig = defineCheck({
  id: 'home:config',
  category: 'home',
  title: 'The configuration files can be parsed',
  explain:
    'With repos.toml broken, Coven’s own doctor ends without any other check; with privacy.toml broken, the daemon calls its storage ' +
    'degraded. What the files say is not judged here.',
  causes: {
    ok: { message: ({ files }) => `${count(files, 'configuration file')} can be parsed` },
    unparsable: {
      message: ({ name, state, line }) =>
        state === 'unparsable'
          ? `<coven-home>/${name} cannot be parsed${line === null ? '' : `: the first error is in line ${line}`}`
          : `<coven-home>/${name} is ${state === 'too-large' ? 'over 1 MiB' : 'no regular file'}`,
      hint: ({ name }) => `Correct <coven-home>/${name}, or move it out of the home.`,
    },
    undetermined: {
      message: ({ name }) => `you may not read <coven-home>/${name}`,
      hint: () => 'Run coven-doctor as the owner of the home.',
    },
  },
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
