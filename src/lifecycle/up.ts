import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { names } from '../coven/layout.ts';
import { lastStep } from '../coven/log.ts';
import { ask } from '../host/ask.ts';
import { readEnd } from '../host/files.ts';
import { readStat } from '../host/procfs.ts';
import { count } from '../model/amounts.ts';
import { runDaemonCommand } from './command.ts';
import { lookAtLedger } from './ledger.ts';
import { StepFailed } from './outcome.ts';
import { type DaemonState, probe } from './probe.ts';
import { describe } from './refusal.ts';
import { spawnDaemon } from './spawn.ts';
import type { Coven } from './which.ts';

/**
 * Milliseconds. Coven's own budget for a start is 5 s, and it calls a slower one failed; here a daemon that lives and
 * holds its lock is given `slow`, and a command of another Coven its own budget and some more.
 */
const limits = { start: 10_000, slow: 60_000, command: 20_000, request: 2000, pause: 100 };
const logTailBytes = 65_536;

export interface Up {
  readonly state: DaemonState;
  /** Whether it was this start that brought it up, and not another one at the same time. */
  readonly ours: boolean;
}

/** Throws StepFailed where a start would harm the ledger, or the minimal daemon was not asked for on a full Coven's. */
export async function refuseHarm({ kind, by }: Coven, home: string, signal: AbortSignal): Promise<void> {
  const { foreignTables } = await lookAtLedger(home, signal);
  // By its process: what serves the ledger already was asked for.
  if (kind === 'minimal' && by === 'none' && foreignTables > 0)
    throw new StepFailed(
      'choosing the daemon',
      // Names of tables are texts of the home; this one goes into journals.
      `this ledger belongs to a full Coven (${count(foreignTables, 'table of it is', 'tables of it are')} none of the minimal daemon) and no coven is on PATH; install it, or ask for the minimal daemon with --daemon-command minimal`,
    );
}

/** Starts the daemon of a home on which none runs, and proves it. Throws StepFailed. */
export async function bringUp(coven: Coven, home: string, signal: AbortSignal): Promise<Up> {
  const since = new Date().toISOString();
  try {
    await refuseHarm(coven, home, signal);
  } catch (error) {
    // Beside another start the ledger may be seen half made.
    if (signal.aborted || !(await isComing(home, signal))) throw error;
    return { state: await proven(home, signal, since), ours: false };
  }
  return coven.kind === 'other' ? byCommand(coven, home, signal, since) : bySpawn(coven, home, signal, since);
}

const isComing = async (home: string, signal: AbortSignal): Promise<boolean> =>
  ['running', 'starting', 'slow'].includes((await probe(home, signal)).verdict);

async function byCommand(coven: Coven, home: string, signal: AbortSignal, since: string): Promise<Up> {
  const { session, failure } = await runDaemonCommand(coven, 'start', home, limits.command, signal);
  // Coven gives up after 5 s, when a large ledger may still be migrated: it is the daemon that decides.
  if (failure && (signal.aborted || !(await isComing(home, signal))))
    throw new StepFailed(failure.step, await withStep(home, failure.message, since));
  const state = await proven(home, signal, since);
  const daemon = state.pid === null ? null : readStat(state.pid);
  // A daemon of Coven 0.4.6 stays in the session of the command that started it.
  return { state, ours: daemon === null || daemon.session === session };
}

async function bySpawn(coven: Coven, home: string, signal: AbortSignal, since: string): Promise<Up> {
  const daemon = await spawnDaemon(coven, home).catch((error: Error) => {
    throw new StepFailed('starting the process', error.message);
  });
  try {
    const began = performance.now();
    const socket = join(home, names.socket);
    while (daemon.ended() === null) {
      if (signal.aborted) throw new StepFailed('waiting for its answer', 'interrupted');
      const { body } = await ask(socket, '/api/v1/health', limits.request, signal);
      if ((body as { daemon?: { pid?: unknown } } | null)?.daemon?.pid === daemon.pid)
        return { state: await proven(home, signal, since), ours: true };
      const waited = performance.now() - began;
      const slow = waited > limits.start && !['starting', 'slow'].includes((await probe(home, signal)).verdict);
      if (slow || waited > limits.slow)
        throw new StepFailed(
          'waiting for its answer',
          await withStep(
            home,
            `pid ${daemon.pid} lives and does not answer after ${Math.round(waited / 1000)} s`,
            since,
          ),
        );
      await sleep(limits.pause);
    }
    if (await isComing(home, signal)) return { state: await proven(home, signal, since), ours: false };
    const said = daemon.said().replace(/^(Error|coven): /, '');
    const [, step, reason] = /^([a-z .]+): (.*)$/s.exec(said) ?? [];
    throw new StepFailed(step ?? 'starting the process', reason ?? (said || `it ended with ${daemon.ended()}`));
  } finally {
    // A start that was interrupted leaves no daemon that nobody waits for.
    if (signal.aborted) daemon.end();
    daemon.leave();
  }
}

/** Waits until the home's daemon is proven to run: it holds the lock and answers. Throws StepFailed. */
export async function proven(home: string, signal: AbortSignal, since: string): Promise<DaemonState> {
  const began = performance.now();
  for (;;) {
    const state = await probe(home, signal);
    if (state.verdict === 'running' && state.health) return state;
    const limit = state.verdict === 'starting' || state.verdict === 'slow' ? limits.slow : limits.start;
    if (performance.now() - began > limit || signal.aborted)
      throw new StepFailed('proving that it runs', await withStep(home, describe(state), since));
    await sleep(limits.pause);
  }
}

/** A reason with the last step that the recovery log tells of this start. */
async function withStep(home: string, reason: string, since: string): Promise<string> {
  const tail = await readEnd(join(home, names.recoveryLog), logTailBytes);
  const step = tail.state === 'read' ? lastStep(tail.bytes.toString('utf8'), since) : null;
  return step ? `${reason} (last in the recovery log: ${step})` : reason;
}
