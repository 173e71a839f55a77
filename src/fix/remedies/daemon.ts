import type { Finding } from '../../check.ts';
import { names } from '../../coven/layout.ts';
import { judgeLiveness, type LivenessSight } from '../../coven/liveness.ts';
import { liveIds } from '../../coven/rows.ts';
import type { Process, ProcessIdentity } from '../../observation.ts';
import { liveIn } from '../live.ts';
import {
  type Draft,
  draft,
  identityOf,
  moveAside,
  type PlanOptions,
  type Remedies,
  type Remedy,
  refuse,
} from '../remedy.ts';
import type { PlanSight } from '../sight.ts';

/** The live daemon as a process of this machine; null where it is not proven to be one. */
function daemonOf(sight: PlanSight): Process | null {
  const { pid, verdict } = judgeLiveness(sight as LivenessSight);
  if (verdict === 'stopped' || verdict === 'stale' || verdict === 'undetermined') return null;
  const found = sight.processes?.list.find((process) => process.pid === pid);
  return found?.role === 'serve' && found.home === 'this' ? found : null;
}

export function processIdentity(sight: PlanSight, { pid, startTicks, uid }: Process): ProcessIdentity | null {
  const { bootId = null, pidNamespace = null } = sight.machine ?? {};
  return bootId === null || pidNamespace === null ? null : { bootId, pidNamespace, pid, startTicks, uid };
}

/** With `kill`, SIGKILL where SIGTERM does not end it, which may lose 2 MiB of events that were not yet written. */
function endDaemon(sight: PlanSight, process: Process, kill: boolean): readonly Draft[] | null {
  const identity = processIdentity(sight, process);
  const ends = liveIds(liveIn(sight));
  return (
    identity && [draft({ kind: 'end-process', process: identity, kill, ends }, 'alive', kill ? 'lossy' : 'disruptive')]
  );
}

function wake(sight: PlanSight, _: Finding, { allow }: PlanOptions): Remedy {
  const process = daemonOf(sight);
  const identity = process && processIdentity(sight, process);
  if (!process || !identity) return refuse('daemon-not-proven');
  if (process.state === 'T') return { steps: [draft({ kind: 'continue-process', process: identity }, 'alive')] };
  if (process.state === 't' || process.state === 'D')
    return refuse(process.state === 't' ? 'traced' : 'waits-for-device', { pid: process.pid });
  const progress = sight['daemon.progress'];
  if (progress?.pid !== process.pid) return refuse('not-watched', { pid: process.pid });
  if (progress.answered || progress.cpu || progress.log) return refuse('slow', { pid: process.pid });
  if (progress.supervisor)
    return refuse('supervised', { unit: progress.supervisor.name, user: progress.supervisor.user });
  const steps = endDaemon(sight, process, allow.has('lossy'));
  return steps ? { steps, daemon: 'start' } : refuse('daemon-not-proven');
}

/** A daemon whose socket file is gone ends cleanly on SIGTERM, where Coven's own stop refuses. */
function endUnreachable(sight: PlanSight): Remedy {
  const process = daemonOf(sight);
  const steps = process && endDaemon(sight, process, false);
  if (!steps) return refuse('daemon-not-proven');
  return process.state === 'T' || process.state === 't' || process.state === 'D'
    ? refuse('not-runnable', { pid: process.pid })
    : { steps, daemon: 'start' };
}

const restart = (): Remedy => ({ steps: [], daemon: 'restart' });
const moveRecord = (sight: PlanSight): Remedy =>
  daemonOf(sight) ? refuse('daemon-alive') : moveAside(sight, [names.record]);
const moveSocket = (sight: PlanSight): Remedy =>
  daemonOf(sight) ? refuse('daemon-alive') : moveAside(sight, [names.socket]);

function closeSocket(sight: PlanSight): Remedy {
  const was = identityOf(sight, names.socket);
  return was
    ? { steps: [draft({ kind: 'set-mode', path: names.socket, mode: 0o600, was }, 'alive')] }
    : refuse('not-seen');
}

export const daemonRemedies: Remedies = {
  'daemon stopped': () => ({ steps: [], daemon: 'start' }),
  'daemon stale': () => ({ steps: [], daemon: 'start' }),
  'daemon hung': wake,
  'daemon unreachable': endUnreachable,
  'daemon:socket stale': moveSocket,
  'daemon:socket not-a-socket': moveSocket,
  'daemon:socket open-mode': closeSocket,
  'daemon:record dead-pid': moveRecord,
  'daemon:record zombie-pid': moveRecord,
  'daemon:record reused-pid': moveRecord,
  'daemon:record invalid': moveRecord,
  'daemon:record unreadable': moveRecord,
  'daemon:record foreign-socket': moveRecord,
  'daemon:health timeout': restart,
  'daemon:health error-response': restart,
  'daemon:health writer-failed': restart,
  'daemon:health storage-degraded': (sight) =>
    sight['home.entries']?.list.some(({ name }) => name === 'privacy.toml') ? refuse('by-hand') : restart(),
  'daemon:resources descriptors': restart,
  'daemon:version skew': restart,
  'daemon:version replaced-executable': restart,
};
