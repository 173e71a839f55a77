import type { LogStory } from '../model/observation.ts';
import { collectErrors } from './log-errors.ts';

/** Attempts that are remembered; a loop is told long before. */
const attemptLimit = 100;

const burstMs = 600_000;

/** Errors of a start that never came to its first step: they say nothing of the attempt before them. */
const early = /^error: (preparing the home|opening the recovery log|taking the locks): /;

interface Attempt {
  at: string;
  phase: string | null;
  completed: boolean;
  stopped: boolean;
  panickedAt: string | null;
  lastAt: string;
  error: string | null;
}

const attempt = (at: string, phase: string | null, completed: boolean): Attempt => ({
  at,
  phase,
  completed,
  stopped: false,
  panickedAt: null,
  lastAt: at,
  error: null,
});

/**
 * What the lines of a recovery log tell: starts, how far the last one got, panics. Coven 0.4.6 writes a checkpoint for
 * each step of a start, `daemon starting pid=…` at its end, and nothing when a step fails or the daemon stops; the
 * minimal daemon writes `daemon stopping` and `error:`, too. An error belongs to the attempt that it ended. A line without a
 * time goes on with the one before it, or was written by a program that has no clock in its log: it is counted among the
 * errors alone, and not where it belongs to a panic, whose stack has a line for each call.
 */
export function readStory(text: string): Omit<LogStory, 'bytes' | 'readBytes'> {
  const attempts: Attempt[] = [];
  const written: { readonly time: number; readonly bytes: number }[] = [];
  let panics = 0;
  let lastAt: string | null = null;
  let lastPanicAt: string | null = null;
  let inPanic = false;
  const errors = collectErrors();
  for (const line of text.split('\n')) {
    const [, at, said] = /^\[(\d{4}-\d\d-\d\dT[\d:.]+Z)\] (.*)$/.exec(line) ?? [];
    if (at === undefined || said === undefined) {
      if (line.trim() !== '' && !inPanic) errors.add(line, lastAt);
      continue;
    }
    inPanic = false;
    written.push({ time: Date.parse(at), bytes: line.length + 1 });
    lastAt = at;
    const phase = /^startup_checkpoint phase=([\w-]{1,64})/.exec(said)?.[1];
    if (phase === 'daemon-store-begin') attempts.push(attempt(at, phase, false));
    const last = attempts.at(-1);
    if (phase && last) last.phase = phase;
    else if (said.startsWith('daemon starting pid=')) {
      if (last && !last.completed) last.completed = true;
      else attempts.push(attempt(at, null, true));
    } else if (said.startsWith('daemon stopping') && last) last.stopped = true;
    else if (/\bpanicked at\b|^daemon panic\b/.test(said)) {
      panics += 1;
      lastPanicAt = at;
      inPanic = true;
      if (last) last.panickedAt = at;
    } else {
      errors.add(said, at);
      if (last && said.startsWith('error: ') && !early.test(said)) last.error ??= said;
    }
    if (attempts.length > attemptLimit) attempts.shift();
    const current = attempts.at(-1);
    if (current) current.lastAt = at;
  }
  const last = attempts.at(-1);
  return {
    lines: written.length,
    lastAt,
    burstBytes: burst(written),
    starts: attempts.map(({ phase: _, error: __, ...start }) => start),
    last: last ? { at: last.at, phase: last.phase, completed: last.completed } : null,
    panics,
    lastPanicAt,
    lastError: last?.error ?? null,
    errors: errors.all(),
  };
}

/** Bytes of the lines of the ten minutes before the last one. */
function burst(written: readonly { readonly time: number; readonly bytes: number }[]): number {
  const from = (written.at(-1)?.time ?? 0) - burstMs;
  return written.reduce((sum, { time, bytes }) => (time >= from ? sum + bytes : sum), 0);
}
