import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { apiVersion } from '../coven/contract.ts';
import { names } from '../coven/layout.ts';
import { lastStep } from '../coven/log.ts';
import { ask } from '../host/ask.ts';
import { readEnd } from '../host/files.ts';
import { supervisor } from '../host/procfs.ts';
import { foreignTables } from './belongs.ts';
import { runDaemonCommand } from './command.ts';
import { type Outcome, StepFailed } from './outcome.ts';
import { probe, type Standing } from './probe.ts';
import { spawnDaemon } from './spawn.ts';
import { type Coven, whichCoven } from './which.ts';

export interface ControlOptions {
  /** Absolute path. */
  readonly home: string;
  /** `--daemon-command`: a program, or `minimal`. */
  readonly command: string | undefined;
  readonly signal: AbortSignal;
}

/**
 * Milliseconds. Coven's own budget for a start is 5 s, and it calls a slower one failed; here a daemon that lives and
 * holds its lock is given `slow`, and a command of another Coven its own budget and some more.
 */
const limits = { start: 10_000, slow: 60_000, stop: 15_000, command: 20_000, request: 2000, pause: 100 };
const logTailBytes = 65_536;

/** Starts the daemon of a home unless it runs; proof is its own answer. Never rejects for what a machine can do. */
export const start = (options: ControlOptions): Promise<Outcome> =>
  attempt('start', async (tell) => {
    const before = await probe(options.home, options.signal);
    const coven = tell.coven(whichCoven(options.command, before.pid, process.env));
    if (before.verdict === 'running') return tell.standing(before);
    if (before.verdict === 'starting') return tell.standing(await proven(options.home, options.signal));
    refuseUnclear(before);
    tell.changed();
    tell.standing(await bringUp(coven, options));
  });

/** Stops the daemon of a home cleanly; proof is that its lock is free and nobody answers. */
export const stop = (options: ControlOptions): Promise<Outcome> =>
  attempt('stop', async (tell) => {
    const before = await probe(options.home, options.signal);
    const coven = tell.coven(whichCoven(options.command, before.pid, process.env));
    if (before.verdict === 'stopped') return;
    await bringDown(coven, before, options);
    tell.changed();
  });

/** Stops the daemon where it runs, and starts it. */
export const restart = (options: ControlOptions): Promise<Outcome> =>
  attempt('restart', async (tell) => {
    const before = await probe(options.home, options.signal);
    const coven = tell.coven(whichCoven(options.command, before.pid, process.env));
    if (before.verdict !== 'stopped' && before.verdict !== 'stale') await bringDown(coven, before, options);
    tell.changed();
    tell.standing(await bringUp(coven, options));
  });

interface Tell {
  readonly coven: (coven: Coven) => Coven;
  readonly changed: () => void;
  readonly standing: (standing: Standing) => void;
}

async function attempt(action: Outcome['action'], work: (tell: Tell) => Promise<void>): Promise<Outcome> {
  let known: Omit<Outcome, 'ok' | 'failure'> = { action, changed: false, pid: null, startedAt: null, coven: null };
  const learn = (more: Partial<Outcome>): void => {
    known = { ...known, ...more };
  };
  try {
    await work({
      coven: (coven) => {
        learn({ coven });
        return coven;
      },
      changed: () => learn({ changed: true }),
      standing: ({ pid, startedAt }) => learn({ pid, startedAt }),
    });
    return { ...known, ok: true, failure: null };
  } catch (error) {
    if (!(error instanceof StepFailed)) throw error;
    return { ...known, ok: false, failure: { step: error.step, reason: error.message } };
  }
}

/** A home whose daemon is neither clearly gone nor well is not started on: two daemons would contend for the ledger. */
function refuseUnclear({ verdict, pid, reason }: Standing): void {
  if (verdict === 'stopped' || verdict === 'stale') return;
  throw new StepFailed('looking at the home', `${describe(verdict, pid, reason)}; \`coven-doctor\` tells more`);
}

function describe(verdict: Standing['verdict'], pid: number | null, reason: string | null): string {
  const who = pid === null ? 'a process' : `pid ${pid}`;
  switch (verdict) {
    case 'hung':
      return `the daemon (${who}) is alive and does not answer`;
    case 'unreachable':
      return `the daemon (${who}) is alive and its socket is gone`;
    case 'duplicate':
      return `more than one daemon serves this home (one is ${who})`;
    case 'foreign':
      return `${who} that is no daemon of this home answers on its socket`;
    default:
      return reason ?? 'it cannot be told whether a daemon runs';
  }
}

async function bringUp(coven: Coven, { home, signal }: ControlOptions): Promise<Standing> {
  if (coven.kind === 'other') {
    await runDaemonCommand(coven, 'start', home, limits.command, signal).catch(async (error: StepFailed) => {
      // Coven gives up after 5 s, when a large ledger may still be migrated: it is the daemon that decides.
      const standing = await probe(home, signal);
      if (standing.verdict !== 'running' && standing.verdict !== 'starting')
        throw new StepFailed(error.step, await withStep(home, error.message));
    });
    return proven(home, signal);
  }
  if (coven.by !== 'option') {
    const foreign = await foreignTables(home, signal);
    if (foreign.length > 0)
      throw new StepFailed(
        'choosing the daemon',
        `this ledger belongs to a full Coven (it has ${foreign.slice(0, 3).join(', ')}, …) and none is on PATH; install it, or ask for the minimal daemon with --daemon-command minimal`,
      );
  }
  const daemon = await spawnDaemon(coven, home).catch((error: Error) => {
    throw new StepFailed('starting the process', error.message);
  });
  try {
    const began = performance.now();
    const socket = join(home, names.socket);
    while (daemon.ended() === null) {
      const { body } = await ask(socket, '/api/v1/health', limits.request, signal);
      if ((body as { daemon?: { pid?: unknown } } | null)?.daemon?.pid === daemon.pid)
        return await proven(home, signal);
      if (signal.aborted) throw new StepFailed('waiting for its answer', 'interrupted; the daemon is left to start');
      const waited = performance.now() - began;
      const slow = waited > limits.start && (await probe(home, signal)).verdict !== 'starting';
      if (slow || waited > limits.slow)
        throw new StepFailed(
          'waiting for its answer',
          await withStep(home, `pid ${daemon.pid} lives and does not answer after ${Math.round(waited / 1000)} s`),
        );
      await sleep(limits.pause);
    }
    // Somebody else's start may have been the first.
    const { verdict } = await probe(home, signal);
    if (verdict === 'running' || verdict === 'starting') return await proven(home, signal);
    const said = daemon.said().replace(/^(Error|coven): /, '');
    const [, step, reason] = /^([a-z .]+): (.*)$/s.exec(said) ?? [];
    throw new StepFailed(step ?? 'starting the process', reason ?? (said || `it ended with ${daemon.ended()}`));
  } finally {
    daemon.leave();
  }
}

/** Waits until the home's daemon is proven to run: it holds the lock and answers. */
async function proven(home: string, signal: AbortSignal): Promise<Standing> {
  const began = performance.now();
  for (;;) {
    const standing = await probe(home, signal);
    if (standing.verdict === 'running' && standing.health) return standing;
    const limit = standing.verdict === 'starting' ? limits.slow : limits.start;
    if (performance.now() - began > limit || signal.aborted)
      throw new StepFailed(
        'proving that it runs',
        await withStep(home, describe(standing.verdict, standing.pid, standing.reason)),
      );
    await sleep(limits.pause);
  }
}

async function bringDown(coven: Coven, before: Standing, { home, signal }: ControlOptions): Promise<void> {
  const unit = before.pid === null ? null : supervisor(before.pid);
  if (unit)
    throw new StepFailed(
      'looking at the process',
      `pid ${before.pid} runs under systemd as ${unit.name}, which may start it again; use: systemctl ${unit.user ? '--user ' : ''}stop ${unit.name}`,
    );
  if (coven.kind === 'other') await runDaemonCommand(coven, 'stop', home, limits.command, signal);
  else await askToStop(before, home, signal);
  const began = performance.now();
  for (;;) {
    const { verdict, pid } = await probe(home, signal);
    if (verdict === 'stopped') return;
    if (performance.now() - began > limits.stop || signal.aborted)
      throw new StepFailed('proving that it stopped', `it is still ${verdict}${pid === null ? '' : ` (pid ${pid})`}`);
    await sleep(limits.pause);
  }
}

async function askToStop({ verdict, pid, health, reason, recordedPid }: Standing, home: string, signal: AbortSignal) {
  if (verdict === 'stale')
    throw new StepFailed(
      'looking at the home',
      `no daemon runs, and daemon.json still names pid ${recordedPid}; a start of Coven clears a dead one`,
    );
  if (!health) throw new StepFailed('looking at the home', describe(verdict, pid, reason));
  const socket = join(home, names.socket);
  const daemon = { pid: health.pid, startedAt: health.startedAt, socket: health.socket ?? socket };
  const { status, errno } = await ask(socket, '/api/v1/internal/lifecycle/shutdown', limits.request, signal, {
    apiVersion,
    daemon,
  });
  if (status !== 202)
    throw new StepFailed('asking the daemon to stop', errno ?? `it answered with status ${status ?? 'none'}`);
}

/** A reason with the last step that the recovery log tells of. */
async function withStep(home: string, reason: string): Promise<string> {
  const tail = await readEnd(join(home, names.recoveryLog), logTailBytes);
  const step = tail.state === 'read' ? lastStep(tail.bytes.toString('utf8')) : null;
  return step ? `${reason} (last in the recovery log: ${step})` : reason;
}
