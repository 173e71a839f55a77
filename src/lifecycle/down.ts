import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { apiVersion } from '../coven/contract.ts';
import { names } from '../coven/layout.ts';
import { ask } from '../host/ask.ts';
import { supervisor } from '../host/procfs.ts';
import { runDaemonCommand } from './command.ts';
import { type Outcome, StepFailed } from './outcome.ts';
import { type DaemonState, probe } from './probe.ts';
import { describe, refuseTakenForAlive, unclear } from './refusal.ts';
import type { Coven } from './which.ts';

/** Milliseconds; a command of another Coven is given its own budget and some more. */
const limits = { stop: 15_000, command: 20_000, request: 2000, pause: 100 };

/**
 * Stops the daemon of a home cleanly, and proves it. Only a daemon that is proven to be the home's, and answers, is
 * asked; what a dead one left is cleared by Coven's own command. Throws StepFailed.
 */
export async function bringDown(
  coven: Coven,
  before: DaemonState,
  word: Outcome['action'],
  home: string,
  signal: AbortSignal,
): Promise<void> {
  refuseTakenForAlive(coven, before);
  if (before.verdict === 'stale' && coven.kind === 'minimal')
    throw new StepFailed('looking at the home', `${describe(before)}; a start of Coven clears a dead one`);
  if (before.verdict !== 'stale' && !(before.verdict === 'running' && before.health)) throw unclear(before);
  const unit = before.pid === null ? null : supervisor(before.pid);
  if (unit)
    throw new StepFailed(
      'looking at the process',
      `pid ${before.pid} runs under systemd as ${unit.name}, which may start it again; use: systemctl ${unit.user ? '--user ' : ''}${word} ${unit.name}`,
    );
  if (coven.kind === 'minimal') await askToStop(before, home, signal);
  else {
    const { failure } = await runDaemonCommand(coven, 'stop', home, limits.command, signal);
    if (failure) throw failure;
  }
  const began = performance.now();
  for (;;) {
    const now = await probe(home, signal);
    if (now.verdict === 'stopped') return;
    if (performance.now() - began > limits.stop || signal.aborted)
      throw new StepFailed('proving that it stopped', describe(now));
    await sleep(limits.pause);
  }
}

async function askToStop({ health }: DaemonState, home: string, signal: AbortSignal): Promise<void> {
  const socket = join(home, names.socket);
  const daemon = { pid: health?.pid, startedAt: health?.startedAt, socket: health?.socket ?? socket };
  const { status, errno } = await ask(socket, '/api/v1/internal/lifecycle/shutdown', limits.request, signal, {
    apiVersion,
    daemon,
  });
  if (status !== 202)
    throw new StepFailed('asking the daemon to stop', errno ?? `it answered with status ${status ?? 'none'}`);
}
