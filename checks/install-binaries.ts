import { defineCheck, from, pass, skipped, warn } from '../src/check.ts';

/** Every `coven` on PATH: the first one is run, and another behind it is upgraded in vain. */
export const installBinaries = defineCheck({
  id: 'install:binaries',
  category: 'install',
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
