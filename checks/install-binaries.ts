import { cannotRun } from '../src/coven/install.ts';
import { type Advice, command } from '../src/model/advice.ts';
import { defineCheck, fail, from, pass, skipped, warn } from '../src/model/check.ts';

const again: Advice = ['Install it again:', command('npm', 'install', '-g', '--include=optional', '@opencoven/cli')];
const aside = (path: unknown): Advice => [
  'Move it out of the way, since npm replaces no file that is not its own:',
  command('mv', String(path), `${path}.aside`),
  ...again,
];
const cures: Readonly<Record<string, (path: unknown) => Advice>> = {
  'no-node': () => ['Put the folder of node on PATH.'],
  'no-loader': () => ['Coven needs a Linux with glibc. Alpine and other musl systems are not supported.'],
  'old-glibc': () => ['Run Coven on a newer system, or install a version of it that is built for this one.'],
  dangling: aside,
  'no-native': () => again,
  architecture: aside,
  'starts-nothing': aside,
  'no-doctor': () => [
    'Write it again (`coven-doctor shim --remove` removes it instead):',
    command('coven-doctor', 'shim'),
  ],
};

/** Every `coven` on PATH: the first one is run, and another behind it is upgraded in vain. */
export const installBinaries = defineCheck({
  id: 'install:binaries',
  category: 'install',
  title: 'One `coven` is on PATH',
  explain:
    'The first `coven` on PATH is the one that is run. Another behind it may be the one that is upgraded. Nothing is run to find out: ' +
    'commands of Coven write to the home.',
  causes: {
    ok: {
      message: ({ first, version, launcher }) =>
        launcher === null
          ? `\`coven\` is ${first}${version === null ? '' : ` (${version})`}`
          : first === null
            ? `\`coven\` is the launcher of coven-doctor, ${launcher}; no Coven follows it on PATH`
            : `\`coven\` is the launcher of coven-doctor, ${launcher}, in front of ${first}${version === null ? '' : ` (${version})`}`,
    },
    'no-coven': { message: () => 'skipped: no `coven` is on PATH' },
    broken: {
      message: ({ path, why }) => `${path} cannot be run: ${cannotRun[String(why)] ?? why}`,
      hint: ({ path, why }) => cures[String(why)]?.(path) ?? again,
      follows: ['install:binaries shadowed'],
    },
    shadowed: {
      message: ({ first, hidden }) => `two programs are named \`coven\`: ${first} runs, and hides ${hidden}`,
      hint: () => 'Remove the one that you do not want, or put its folder after the other one on PATH.',
      follows: ['upgrade:binaries shadowed-target'],
    },
  },
  needs: ['install'],
  judge: ({ install: { covens, broken } }) => {
    // A launcher that comes first hides nothing: it runs the next one.
    const launcher = covens[0]?.launcher ? covens[0] : undefined;
    const [first, ...others] = covens.filter((coven) => !launcher || !coven.launcher);
    const hidden = others.filter(({ target }) => target !== first?.target);
    const rest = {
      facts: {
        first: first?.path ?? null,
        version: first?.version ?? null,
        ours: first?.ours ?? null,
        launcher: launcher?.path ?? null,
        hidden: hidden.map(({ path, version }) => (version ? `${path} (${version})` : path)).join(', '),
      },
      evidence: covens
        .slice(0, 20)
        .flatMap(({ path, target, version }) => from('install', { [path]: target, [`${path}.version`]: version })),
    };
    const unrunnable = broken.map(({ path, why }) =>
      // A link to nothing is passed over: the next `coven` on PATH is run.
      (why === 'dangling' && first ? warn : fail)('broken', '<path>', {
        facts: { path, why },
        evidence: from('install', { [path]: why }),
      }),
    );
    if (unrunnable.length > 0) return unrunnable;
    if (!first && !launcher) return [skipped('no-coven', '<path>', rest)];
    return [hidden.length > 0 ? warn('shadowed', '<path>', rest) : pass('<path>', rest)];
  },
});
