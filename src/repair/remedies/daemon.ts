import { isAdrift } from '../../coven/advice.ts';
import { names } from '../../coven/layout.ts';
import { liveIds } from '../../coven/rows.ts';
import type { Finding } from '../../model/check.ts';
import type { Process, ProcessIdentity } from '../../model/observation.ts';
import type { PlanInput } from '../../model/plan-input.ts';
import { draft, identityOf, type PlanOptions, type Proposal, type Remedy, refuse } from '../../model/remedy.ts';
import { daemonIn, liveIn } from '../live.ts';
import { moveAside } from './move-aside.ts';

/** The live daemon as a process of this machine; null where it is not proven to be one. */
function daemonOf(input: PlanInput): Process | null {
  const pid = daemonIn(input)?.pid;
  const found = input.processes?.list.find((process) => process.pid === pid);
  return found?.role === 'serve' && found.home === 'this' && !found.elsewhere ? found : null;
}

export function processIdentity(input: PlanInput, { pid, startTicks, uid }: Process): ProcessIdentity | null {
  const { bootId = null, pidNamespace = null } = input.machine ?? {};
  return bootId === null || pidNamespace === null ? null : { bootId, pidNamespace, pid, startTicks, uid };
}

/** With `kill`, SIGKILL where SIGTERM does not end it, which may lose 2 MiB of events that were not yet written. */
function endDaemon(input: PlanInput, process: ProcessIdentity, kill: boolean): Proposal {
  // What it alone has open would be gone with it.
  if (input.processes?.list.some(({ pid, adrift }) => pid === process.pid && adrift))
    return refuse('ledger-adrift', { pid: process.pid });
  const ends = liveIds(liveIn(input));
  const step = draft({ kind: 'end-process', process, kill, ends }, 'alive', kill ? 'lossy' : 'disruptive');
  return { steps: [step], daemon: 'start' };
}

function wake(input: PlanInput, _: Finding, { allow }: PlanOptions): Proposal {
  const process = daemonOf(input);
  const identity = process && processIdentity(input, process);
  if (!process || !identity) return refuse('daemon-not-proven');
  if (input['daemon.health']?.silence?.frozenBy !== undefined) return refuse('frozen', { pid: process.pid });
  if (process.state === 'T') return { steps: [draft({ kind: 'continue-process', process: identity }, 'alive')] };
  if (process.state === 't' || process.state === 'D')
    return refuse(process.state === 't' ? 'traced' : 'waits-for-device', { pid: process.pid });
  const progress = input['daemon.progress'];
  if (progress?.pid !== process.pid) return refuse('not-watched', { pid: process.pid });
  if (progress.answered || progress.cpu || progress.log) return refuse('slow', { pid: process.pid });
  if (progress.supervisor)
    return refuse('supervised', { unit: progress.supervisor.name, user: progress.supervisor.user });
  return endDaemon(input, identity, allow.has('lossy'));
}

/** A daemon whose socket file is gone ends cleanly on SIGTERM, where Coven's own stop refuses. */
function endUnreachable(input: PlanInput): Proposal {
  const process = daemonOf(input);
  const identity = process && processIdentity(input, process);
  if (!process || !identity) return refuse('daemon-not-proven');
  return process.state === 'T' || process.state === 't' || process.state === 'D'
    ? refuse('not-runnable', { pid: process.pid })
    : endDaemon(input, identity, false);
}

const moves = (name: string) => ({
  risk: 'safe' as const,
  summary: `moves ${name} into quarantine, with the serve lock proven free`,
  plan: (input: PlanInput): Proposal => {
    const daemon = daemonIn(input);
    if (!daemon) return refuse('daemon-not-proven');
    return daemonOf(input) || daemon.verdict === 'elsewhere' ? refuse('daemon-alive') : moveAside(input, [name]);
  },
});

const verified = 'and verifies its health, contract and capabilities';

export const startRemedy: Remedy = {
  risk: 'safe',
  daemon: 'start',
  summary: `starts the daemon, ${verified}`,
  plan: () => ({ steps: [], daemon: 'start' }),
};
/** A daemon that was stopped may be meant to be so. */
export const startStoppedRemedy: Remedy = { ...startRemedy, summary: `with --start-daemon: ${startRemedy.summary}` };
export const restartRemedy: Remedy = {
  risk: 'safe',
  daemon: 'restart',
  summary: `restarts the daemon, ${verified}`,
  helps: (facts) => !isAdrift(facts),
  plan: () => ({ steps: [], daemon: 'restart' }),
};
/** Coven calls its storage degraded also where privacy.toml cannot be parsed: no restart heals that. */
export const storageRemedy: Remedy = {
  ...restartRemedy,
  plan: (input, finding, options) =>
    input['home.config']?.files.some(({ name, state }) => name === 'privacy.toml' && state !== 'parsed')
      ? refuse('by-hand')
      : restartRemedy.plan(input, finding, options),
};
export const hungRemedy: Remedy = {
  risk: 'disruptive',
  summary: 'lets a stopped daemon go on; ends one that is proven wedged, and starts it anew',
  helps: (facts) => !facts.frozenBy && facts.state !== 't' && !isAdrift(facts),
  plan: wake,
};
export const unreachableRemedy: Remedy = {
  risk: 'disruptive',
  summary: 'ends the daemon, proven by its identity, and starts it anew',
  helps: (facts) => !isAdrift(facts),
  plan: endUnreachable,
};
export const recordRemedy: Remedy = moves(names.record);
export const socketRemedy: Remedy = moves(names.socket);
export const socketModeRemedy: Remedy = {
  risk: 'safe',
  summary: 'sets the mode of the socket to 0600',
  plan: (input) => {
    const was = identityOf(input, names.socket);
    return was
      ? { steps: [draft({ kind: 'set-mode', path: names.socket, mode: 0o600, was }, 'alive')] }
      : refuse('not-seen');
  },
};
