import { judgeLiveness } from '../src/coven/liveness.ts';
import { type Check, defineCheck, fail, from, pass, skipped, unknown, warn } from '../src/model/check.ts';
import { livenessNeeds } from '../src/model/needs.ts';
import type { Requirements } from '../src/upgrade/state.ts';

/** The `coven` that is upgraded is the one that runs: the first on PATH, and that of the daemon's process. */
export const upgradeBinaries = ({ targetVersion }: Pick<Requirements, 'targetVersion'>): Check =>
  defineCheck({
    id: 'upgrade:binaries',
    category: 'upgrade',
    title: 'The `coven` that is upgraded is the one that runs',
    explain:
      'A restart runs the first `coven` on PATH. A target that is installed behind it is installed in vain, and a daemon that was started ' +
      'from another place is not what an upgrade of that one changes.',
    causes: {
      ok: { message: ({ first, program }) => String(first ?? program) },
      'no-coven': { message: () => 'skipped: no `coven` is on PATH, and none runs' },
      'shadowed-target': {
        message: ({ first, version, hidden, targetVersion }) =>
          `${hidden} is Coven ${targetVersion}, and ${first}${version === null ? '' : ` (${version})`} is run instead`,
        hint: () => 'Remove the one that is not wanted, or put its folder behind the other on PATH.',
      },
      'runs-another': {
        message: ({ first, program, pid }) =>
          `the daemon (pid ${pid}) runs ${program}; ${first === null ? 'no `coven` is on PATH' : `\`coven\` on PATH is ${first}`}`,
        hint: () => 'Upgrade the one that the daemon is started from, by its service or by the PATH of who starts it.',
      },
      undetermined: {
        message: ({ pid }) => `what the daemon (pid ${pid ?? 'unknown'}) runs cannot be seen`,
        hint: () => 'Run the doctor as the user of the daemon, in its namespace.',
      },
    },
    needs: [...livenessNeeds, 'daemon.process', 'install'],
    judge: (seen) => {
      const { covens } = seen.install;
      const { pid, program, executableGone } = seen['daemon.process'];
      const at = covens.findIndex(({ ours }) => !ours);
      const first = covens[at];
      const hidden = covens.find(
        ({ ours, version }, index) => index > at && !ours && targetVersion !== null && version === targetVersion,
      );
      const rest = {
        facts: {
          first: first?.path ?? null,
          version: first?.version ?? null,
          hidden: hidden?.path ?? null,
          targetVersion,
          program: program?.path ?? null,
          pid,
        },
        evidence: [
          ...from('install', { first: first?.path ?? null, version: first?.version ?? null }),
          ...from('daemon.process', { pid, program: program?.path ?? null, onPath: program?.onPath ?? null }),
          ...(hidden ? from('install', { [hidden.path]: hidden.version }) : []),
        ],
      };
      const runs = judgeLiveness(seen).verdict === 'running';
      const found = [];
      if (hidden && first?.version !== targetVersion) found.push(fail('shadowed-target', '<path>', rest));
      const isFirst = first ? program?.onPath === at : program?.ours;
      if (runs && program && !isFirst) found.push(warn('runs-another', '<path>', rest));
      // Of a program that was replaced it is told elsewhere that it is gone.
      if (runs && !program && !executableGone) found.push(unknown('undetermined', '<path>', rest));
      if (found.length > 0) return found;
      return [first || program ? pass('<path>', rest) : skipped('no-coven', '<path>', rest)];
    },
  });
