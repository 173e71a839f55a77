import { defineCheck, from, pass, skipped, unknown, warn } from '../src/check.ts';
import { withoutAnswer } from '../src/coven/gates.ts';
import { livenessNeeds } from '../src/coven/liveness.ts';

const target = '<daemon-socket>';

/** A daemon goes on with the program that it was started from, whatever is installed meanwhile. */
export const daemonVersion = defineCheck({
  id: 'daemon:version',
  category: 'daemon',
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
      return [unknown('undetermined', target, rest)];
    return [daemon === null || installed === null ? skipped('not-comparable', target, rest) : pass(target, rest)];
  },
});
