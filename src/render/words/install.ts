import type { Facts } from '../../check.ts';
import { harnessCommands } from '../../coven/contract.ts';
import { count } from '../harmless.ts';
import type { CheckWords } from '../words.ts';
import { toRestart, toRun } from './advice.ts';

const serveAnew = (facts: Facts): string =>
  facts.daemonVerdict === 'running' ? toRestart(facts) : toRun('start', facts);

const harnessWords = (id: string): CheckWords => ({
  title: `The harness ${id} is on PATH`,
  explain:
    `Coven runs the executable \`${id}\` that it finds on the PATH of the daemon, which may differ from the PATH here. One that is not ` +
    'installed is a fault only where an open session needs it.',
  causes: {
    ok: { message: ({ path }) => `${path}` },
    absent: {
      message: ({ wanted }) =>
        Number(wanted) > 0
          ? `${id} is not on PATH, and ${count(wanted, 'open session needs', 'open sessions need')} it`
          : `${id} is not on PATH`,
      hint: (facts) => (Number(facts.wanted) > 0 ? `install ${id}; then, with it on PATH: ${serveAnew(facts)}` : ''),
    },
  },
});

export const installWords: Readonly<Record<string, CheckWords>> = {
  'install:binaries': {
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
      },
    },
  },
  ...Object.fromEntries(harnessCommands.map((id) => [`harness:${id}`, harnessWords(id)])),
  harnesses: {
    title: 'A harness is installed',
    explain: 'Without any harness on the daemon’s PATH every launch of a session fails.',
    causes: {
      ok: { message: ({ present, all }) => `${present} of ${all} are on PATH` },
      none: {
        message: () => `none of ${harnessCommands.join(', ')} is on PATH`,
        hint: (facts) => `install one of them; then, with it on PATH: ${serveAnew(facts)}`,
      },
    },
  },
};
