import { toRestart } from '../src/coven/advice.ts';
import { withoutAnswer } from '../src/coven/gates.ts';
import type { LivenessInput } from '../src/coven/liveness.ts';
import { defineCheck, from, pass, skipped, unknown, warn } from '../src/model/check.ts';
import { livenessNeeds } from '../src/model/needs.ts';
import { restartRemedy } from '../src/repair/remedies/daemon.ts';

const target = '<daemon-socket>';

/** A daemon goes on with the program that it was started from, whatever is installed meanwhile. */
export const daemonVersion = defineCheck({
  id: 'daemon:version',
  category: 'daemon',
  title: 'The daemon runs what is installed',
  explain:
    'A daemon keeps the program that it was started from until it is restarted. Versions are compared without running anything, so ' +
    'only where the `coven` on PATH belongs to an npm package that names its version.',
  causes: {
    ok: { message: ({ daemon }) => `the daemon runs the installed version, ${daemon}` },
    'not-comparable': {
      message: ({ daemon, installed }) =>
        `skipped: the version ${daemon === null ? 'of the daemon' : 'that is installed'} is not known${installed === null ? '' : ` (installed: ${installed})`}`,
    },
    skew: {
      message: ({ daemon, installed }) => `the daemon runs version ${daemon}, and ${installed} is installed`,
      hint: (facts) => ['When no session is running, restart it:', ...toRestart(facts)],
      follows: ['daemon:version replaced-executable'],
      remedy: restartRemedy,
    },
    hidden: {
      message: ({ pid }) =>
        `skipped: the daemon (pid ${pid}) runs as you, and its program is hidden from here, as that of another user namespace is`,
    },
    undetermined: {
      message: ({ pid }) =>
        `which program the daemon (pid ${pid}) runs could not be determined: you may not read /proc/${pid}/exe`,
      hint: () => 'Run coven-doctor as the user of the daemon.',
    },
    'replaced-executable': {
      message: ({ pid, daemon, installed }) =>
        `the program of the daemon (pid ${pid}${daemon === null ? '' : `, Coven ${daemon}`}) was removed or replaced after it started${installed === null || installed === daemon ? '' : `; ${installed} is installed`}`,
      hint: (facts) => ['When no session is running, restart it:', ...toRestart(facts)],
      remedy: restartRemedy,
    },
  },
  needs: [...livenessNeeds, 'daemon.process', 'install'],
  skip: withoutAnswer,
  judge: (seen) => {
    const { executableGone, pid } = seen['daemon.process'];
    const daemon = seen['daemon.health'].body?.covenVersion ?? null;
    const installed = seen.install.covens.find(({ ours }) => !ours)?.version ?? null;
    const rest = {
      facts: { pid, daemon, installed },
      evidence: [
        ...from('daemon.process', { pid, executableGone }),
        ...from('daemon.health', { covenVersion: daemon }),
        ...from('install', { version: installed }),
      ],
    };
    const found = [];
    if (executableGone) found.push(warn('replaced-executable', target, rest));
    if (daemon !== null && installed !== null && daemon !== installed) found.push(warn('skew', target, rest));
    if (found.length > 0) return found;
    // Elsewhere than on Linux no process tells its program; that none is known by pid is for other checks to say.
    if (pid !== null && executableGone === null && seen.machine.platform === 'linux')
      return [isHidden(seen, pid) ? skipped('hidden', target, rest) : unknown('undetermined', target, rest)];
    return [daemon === null || installed === null ? skipped('not-comparable', target, rest) : pass(target, rest)];
  },
});

/** It answers here, and is of this user: only a user namespace hides what it is. */
const isHidden = ({ machine, processes }: LivenessInput, pid: number): boolean =>
  processes.list.some((process) => process.pid === pid && process.home === 'unreadable' && process.uid === machine.uid);
