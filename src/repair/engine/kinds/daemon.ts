import { type ControlOptions, restart, start } from '../../../lifecycle/control.ts';
import type { Outcome } from '../../../lifecycle/outcome.ts';
import { type DaemonState, probe } from '../../../lifecycle/probe.ts';
import { defineKind, type Task } from '../kind.ts';
import { refuseMoreLive } from '../live.ts';
import { Failure, Refusal } from '../refusal.ts';

/**
 * No lock is held here: a daemon takes the same ones. Proof is the daemon's own answer, and the lock that it holds. What
 * failed and left the home as it was is refused; a daemon that was stopped, or lives and does not answer, is not.
 */
const bring =
  (act: (options: ControlOptions) => Promise<Outcome>) =>
  async ({ context: { homePath: home, signal } }: Task): Promise<void> => {
    const before = await probe(home, signal);
    const { failure } = await act({ home, command: undefined, signal });
    if (!failure) return;
    const now = await probe(home, new AbortController().signal);
    const isAsBefore = now.verdict === before.verdict && now.pid === before.pid;
    throw new (isAsBefore ? Refusal : Failure)('daemon', { step: failure.step, why: failure.reason });
  };

const verdictOf = async ({ context }: Task): Promise<DaemonState['verdict']> =>
  (await probe(context.homePath, context.signal)).verdict;

export const startDaemon = defineKind({
  kind: 'start-daemon',
  check: refuseMoreLive,
  apply: bring(start),
  state: async (task) => {
    const verdict = await verdictOf(task);
    if (verdict === 'running') return { at: 'after' };
    return { at: verdict === 'stopped' || verdict === 'stale' ? 'before' : 'between' };
  },
});

export const restartDaemon = defineKind({
  kind: 'restart-daemon',
  check: refuseMoreLive,
  apply: bring(restart),
  // One that is gone was stopped by it.
  state: async (task) => ({ at: (await verdictOf(task)) === 'running' ? 'after' : 'between' }),
});
