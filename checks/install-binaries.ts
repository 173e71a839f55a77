import { defineCheck, from, pass, skipped, warn } from '../src/model/check.ts';

/** Every `coven` on PATH: the first one is run, and another behind it is upgraded in vain. */
export const installBinaries = defineCheck({
  id: 'install:binaries',
  category: 'install',
  title: 'One `coven` is on PATH',
  explain:
    'The first `coven` on PATH is the one that is run. Another behind it may be the one that is upgraded. Nothing is run to find out: ' +
    'commands of Coven write to the home.',
  causes: {
    ok: { message: ({ first, version }) => `${first}${version === null ? '' : ` (${version})`}` },
    'no-coven': { message: () => 'not asked: no `coven` is on PATH' },
    shadowed: {
      message: ({ first, hidden }) => `${first} is run, and hides ${hidden}`,
      hint: () => 'remove the one that is not wanted, or put its folder behind the other on PATH',
      follows: ['upgrade:binaries shadowed-target'],
    },
  },
  needs: ['install'],
  judge: ({ install: { covens } }) => {
    const [first, ...others] = covens;
    const hidden = others.filter(({ target }) => target !== first?.target);
    const rest = {
      facts: {
        first: first?.path ?? null,
        version: first?.version ?? null,
        ours: first?.ours ?? null,
        hidden: hidden.map(({ path, version }) => (version ? `${path} (${version})` : path)).join(', '),
      },
      evidence: covens
        .slice(0, 20)
        .flatMap(({ path, target, version }) => from('install', { [path]: target, [`${path}.version`]: version })),
    };
    if (!first) return [skipped('no-coven', '<path>', rest)];
    return [hidden.length > 0 ? warn('shadowed', '<path>', rest) : pass('<path>', rest)];
  },
});
