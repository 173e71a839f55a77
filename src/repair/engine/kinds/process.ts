import { readFileSync, readlinkSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { readStat } from '../../../host/procfs.ts';
import type { ProcessIdentity } from '../../../model/observation.ts';
import { type ActionOf, defineKind, type StepState, type Task } from '../kind.ts';
import { refuseMoreLive } from '../live.ts';
import { Failure, Refusal } from '../refusal.ts';

type Ending = Task<ActionOf<'end-process'>>;
type Waking = Task<ActionOf<'continue-process'>>;

/** Milliseconds that a process is given to end by itself, and after SIGKILL. */
const patience = { term: 15_000, kill: 5_000, pause: 50 };

/** Lets a stopped process go on: a SIGTERM would stay pending until it does. */
export const continueProcess = defineKind({
  kind: 'continue-process',
  check: ({ action: { process } }: Waking) => {
    if (stateOf(process) !== 'T') throw new Refusal('drift', { pid: process.pid, fields: 'state' });
  },
  apply: async ({ action: { process }, context }: Waking) => {
    signal(process, 'SIGCONT');
    await until(() => stateOf(process) !== 'T', patience.kill, context.signal);
  },
  state: ({ action: { process } }: Waking): StepState => ({ at: stateOf(process) === 'T' ? 'before' : 'after' }),
});

/** Ends one process by its identity: SIGTERM, and where it was agreed to SIGKILL after it. */
export const endProcess = defineKind({
  kind: 'end-process',
  check: async (task: Ending) => {
    const { process, ends } = task.action;
    if (ends !== undefined) await refuseMoreLive(task);
    const state = stateOf(process);
    // Traced or waiting for a device, a process gets no signal; stopped, it keeps SIGTERM for later.
    if (state === null || 'tTD'.includes(state)) throw new Refusal('drift', { pid: process.pid, fields: 'state' });
  },
  apply: async ({ action: { process, kill }, context }: Ending) => {
    const isGone = (): boolean => stateOf(process) === null;
    signal(process, 'SIGTERM');
    if (await until(isGone, patience.term, context.signal)) return;
    if (kill && !isGone()) {
      signal(process, 'SIGKILL');
      if (await until(isGone, patience.kill, context.signal)) return;
    }
    throw new Failure('still-there', { pid: process.pid });
  },
  // One that lives may have its signal still pending.
  state: ({ action: { process } }: Ending): StepState => ({ at: stateOf(process) === null ? 'after' : 'between' }),
});

/**
 * The state of the very process, as in proc(5); null where it is gone or was not reaped. Throws a refusal where this is
 * another boot or namespace, in which the same number is another process.
 */
function stateOf({ bootId, pidNamespace, pid, startTicks, uid }: ProcessIdentity): string | null {
  if (readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim() !== bootId) throw new Refusal('other-boot');
  if (readlinkSync('/proc/self/ns/pid') !== pidNamespace) throw new Refusal('other-boot');
  const stat = readStat(pid);
  if (!stat || stat.startTicks !== startTicks || stat.uid !== uid) return null;
  return stat.state === 'Z' || stat.state === 'X' ? null : stat.state;
}

/** Reads the identity and sends the signal with nothing in between. */
function signal(identity: ProcessIdentity, name: NodeJS.Signals): void {
  if (stateOf(identity) === null) return;
  process.kill(identity.pid, name);
}

async function until(done: () => boolean, milliseconds: number, stop: AbortSignal): Promise<boolean> {
  const end = performance.now() + milliseconds;
  while (!done()) {
    if (performance.now() > end || stop.aborted) return false;
    await sleep(patience.pause);
  }
  return true;
}
