import { bringDown } from './down.ts';
import { type Outcome, StepFailed } from './outcome.ts';
import { type DaemonState, probe } from './probe.ts';
import { refuseForeign, refuseLoss, refuseTakenForAlive, unclear } from './refusal.ts';
import { bringUp, proven, refuseHarm } from './up.ts';
import { type Coven, whichCoven } from './which.ts';

export interface ControlOptions {
  /** Absolute path. */
  readonly home: string;
  /** `--daemon-command`: a program, or `minimal`. */
  readonly command: string | undefined;
  readonly signal: AbortSignal;
  /** Ends a daemon that alone has rows open, too. */
  readonly discardUnsaved?: boolean;
}

/** Starts the daemon of a home unless it runs; proof is its own answer. Never rejects for what a machine can do. */
export const start = (options: ControlOptions): Promise<Outcome> =>
  attempt('start', async (tell) => {
    const { home, signal } = options;
    const { before, coven } = await look(options, tell);
    if (before.verdict === 'running') return tell.state(before);
    if (!isGone(before)) throw unclear(before);
    refuseForeign(coven);
    refuseTakenForAlive(coven, before);
    const { state, ours } = await bringUp(coven, home, signal);
    if (ours) tell.changed();
    tell.state(state);
  });

/** Stops the daemon of a home cleanly; proof is that its lock is free and nobody answers. */
export const stop = (options: ControlOptions): Promise<Outcome> =>
  attempt('stop', async (tell) => {
    const { before, coven } = await look(options, tell);
    if (before.verdict === 'stopped') return;
    refuseForeign(coven);
    if (!options.discardUnsaved) refuseLoss(before);
    await bringDown(coven, before, 'stop', options.home, options.signal);
    tell.changed();
  });

/** Stops the daemon where it runs, and starts it. What would refuse the start is asked before anything is stopped. */
export const restart = (options: ControlOptions): Promise<Outcome> =>
  attempt('restart', async (tell) => {
    const { home, signal } = options;
    const { before, coven } = await look(options, tell);
    refuseForeign(coven);
    refuseTakenForAlive(coven, before);
    if (!isGone(before)) {
      if (!options.discardUnsaved) refuseLoss(before);
      await refuseHarm(coven, home, signal);
      await bringDown(coven, before, 'restart', home, signal);
      tell.changed();
    }
    const { state, ours } = await bringUp(coven, home, signal);
    if (ours) tell.changed();
    tell.state(state);
  });

const isGone = ({ verdict }: DaemonState): boolean => verdict === 'stopped' || verdict === 'stale';

interface Tell {
  readonly coven: (coven: Coven) => Coven;
  readonly changed: () => void;
  readonly state: (state: DaemonState) => void;
}

/** The home's daemon and its Coven. One that is starting, or that runs and gave no answer, is waited for. */
async function look({ home, command, signal }: ControlOptions, tell: Tell) {
  const first = await probe(home, signal);
  // A daemon that began to listen between two looks of one probe seems to have lost its socket.
  const found = first.verdict === 'unreachable' ? await probe(home, signal) : first;
  const known = ['running', 'starting', 'slow', 'hung', 'unreachable'].includes(found.verdict) ? found.pid : null;
  const coven = tell.coven(whichCoven(command, known, process.env));
  const unproven =
    found.verdict === 'starting' || found.verdict === 'slow' || (found.verdict === 'running' && !found.health);
  return { coven, before: unproven ? await proven(home, signal, new Date().toISOString()) : found };
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
      state: ({ pid, startedAt }) => learn({ pid, startedAt }),
    });
    return { ...known, ok: true, failure: null };
  } catch (error) {
    if (!(error instanceof StepFailed)) throw error;
    return { ...known, ok: false, failure: { step: error.step, reason: error.message } };
  }
}
