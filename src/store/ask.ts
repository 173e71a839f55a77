import { type Child, startChild } from '../child/child.ts';
import { codeCacheEnv } from '../child/code-cache.ts';
import { noSqliteOf } from '../child/no-sqlite.ts';
import { paceOf, workLimitMs } from './pace.ts';
import { type Asked, type JobName, type Jobs, type Line, limits } from './protocol.ts';

/** What came of a job, or why there is no answer. */
export type Outcome<N extends JobName> =
  | { readonly answer: Jobs[N]['answer'] }
  | {
      readonly none: 'late' | 'ended' | 'failed';
      /** A clause about the process, without words of the ledger: `ended (SIGKILL)`, `failed (SQLITE_FULL)`. */
      readonly how: string;
      /** SQLite's own words, which may hold words of the ledger. */
      readonly message: string | null;
      readonly code: string | null;
    };

interface Options<N extends JobName> {
  /** Milliseconds by the clock until the next line has to be there, for who cannot wait. */
  readonly timeLeft?: () => number;
  /** Of the ledger that it works on: the larger, the longer it may work without a word. */
  readonly bytes?: number;
  readonly tell?: (progress: Jobs[N]['progress']) => void;
}

/** A process that does a job. Others may be asked of it, too. */
export interface Running extends Pick<Child, 'hasEnded' | 'countRead' | 'kill' | 'finish'> {
  /** One at a time. Rejects with NoSqlite where SQLite cannot be loaded, which says nothing about any ledger. */
  readonly ask: <N extends JobName>(
    job: N,
    request: Jobs[N]['request'],
    signal: AbortSignal,
    options?: Options<N>,
  ) => Promise<Outcome<N>>;
}

/** Starts the program that opens ledgers, with the code for a job and the memory that it may have. */
export function startJob(job: JobName, env: Readonly<Record<string, string>> = {}): Running {
  const child = startChild('ledger', {
    words: [job],
    memoryBytes: limits[job].memoryBytes,
    env: { ...codeCacheEnv(), ...env },
  });
  let hasAnswered = false;
  const next: Child['line'] = async (milliseconds, signal) => {
    const line = await child.line(milliseconds, signal);
    if (hasAnswered || line === 'late' || line === 'too-long') return line;
    const missing = noSqliteOf(line === 'ended' ? null : line.text);
    if (missing) throw missing;
    hasAnswered = true;
    return line;
  };
  const nextInTime = async (clockMs: number, bytes: number, signal: AbortSignal): ReturnType<Child['line']> => {
    const end = performance.now() + clockMs;
    const pace = paceOf(child, workLimitMs(bytes));
    for (;;) {
      const line = await next(Math.min(end - performance.now(), pace.lookMs), signal);
      if (line !== 'late' || signal.aborted || performance.now() >= end || pace.isOver()) return line;
    }
  };
  const none = (how: string, of: 'late' | 'ended' = 'ended') => ({ none: of, how, message: null, code: null });
  return {
    ...child,
    ask: async (job, request, signal, { timeLeft = () => Number.POSITIVE_INFINITY, bytes = 0, tell } = {}) => {
      type N = typeof job;
      child.tell({ job, request } satisfies Asked<N>);
      for (;;) {
        const text = await nextInTime(timeLeft(), bytes, signal);
        if (text === 'late') return none('did not end in time', 'late');
        if (text === 'too-long') return none('answered more than it may');
        if (text === 'ended') return none(child.describe());
        const line = JSON.parse(text.text) as Line<N>;
        if ('answer' in line) return line;
        if ('failed' in line)
          return { none: 'failed', how: `failed (${line.failed.code ?? 'for a reason of its own'})`, ...line.failed };
        tell?.(line.progress);
      }
    },
  };
}

/** Has a job done by a process of its own, which ends with it, or when `signal` fires. Throws the signal's reason, and NoSqlite. */
export async function askJob<N extends JobName>(
  job: N,
  request: Jobs[N]['request'],
  signal: AbortSignal,
  { env, ...options }: Options<N> & { readonly env?: Readonly<Record<string, string>> } = {},
): Promise<Outcome<N>> {
  signal.throwIfAborted();
  const running = startJob(job, env);
  try {
    const outcome = await running.ask(job, request, signal, options);
    signal.throwIfAborted();
    if ('answer' in outcome) await running.finish();
    return outcome;
  } finally {
    await running.kill();
  }
}
