import { bytes, grouped } from '../model/amounts.ts';

/** One long step of work: how much there is, and in which unit it is counted. */
export interface LongStep {
  readonly title: string;
  /** Null if nothing can be counted. */
  readonly unit: 'bytes' | 'rows' | null;
  readonly of: number;
  /** Bytes of the files that the step reads, if its unit is not bytes. */
  readonly size?: number;
}

export interface LongWork {
  /** Starts a step, and ends the one before it. `measure` returns how much is done; without it, `done` sets that. */
  readonly begin: (step: LongStep, measure?: () => number) => void;
  readonly done: (amount: number) => void;
  /** Removes the line. */
  readonly end: () => void;
}

/** A step of this size is also announced off a terminal. A limit in seconds would depend on the machine. */
export const longBytes = 64 * 1024 ** 2;
const drawMs = 250;
/** A rate measured over a shorter time says nothing. */
const rateMs = 1000;

/** `Copying the home: 120 MiB of 480 MiB, 95 MiB/s, 4 s left` */
export function longLine({ title, unit, of }: LongStep, done: number, ms: number): string {
  if (unit === null || of <= 0) return `${title}, ${seconds(ms)}`;
  const so = Math.min(done, of);
  const amount = (value: number): string => (unit === 'bytes' ? bytes(Math.round(value)) : grouped(value));
  const rate = ms >= rateMs && so > 0 ? (so * 1000) / ms : 0;
  const pace = rate > 0 ? `, ${unit === 'bytes' ? `${bytes(Math.round(rate))}/s` : `${grouped(rate)} rows/s`}` : '';
  const left = rate > 0 && so < of ? `, ${seconds(((of - so) / rate) * 1000)} left` : '';
  return `${title}: ${amount(so)} of ${amount(of)}${unit === 'rows' ? ' rows' : ''}${pace}${left}`;
}

/** `4 s`, `2 min 5 s`. */
function seconds(ms: number): string {
  const all = Math.ceil(ms / 1000);
  return all < 60 ? `${all} s` : `${Math.floor(all / 60)} min ${all % 60} s`;
}

const silent: LongWork = { begin: () => {}, done: () => {}, end: () => {} };

/**
 * Shows long work: on a terminal one line that is rewritten, elsewhere a line at the start and the end of a large step.
 * Shows nothing if a program reads the answer.
 */
export function showLongWork(
  stream: NodeJS.WriteStream,
  env: Readonly<Record<string, string | undefined>>,
  isQuiet: boolean,
): LongWork {
  if (isQuiet) return silent;
  if (!stream.isTTY || env.CI || env.TERM === 'dumb') return inLog(stream);
  return drawnWork((line) => {
    stream.write(`\r\u001b[K${line?.slice(0, (stream.columns || 80) - 1) ?? ''}`);
  });
}

/** Long work that `draw` shows as one line, repeatedly; null removes the line. */
export function drawnWork(draw: (line: string | null) => void): LongWork {
  let step: LongStep | null = null;
  let begun = 0;
  let amount = 0;
  let measured: (() => number) | undefined;
  let timer: NodeJS.Timeout | null = null;
  const drawStep = (): void => {
    if (step) draw(longLine(step, measured ? measured() : amount, performance.now() - begun));
  };
  return {
    begin: (next, measure) => {
      step = next;
      measured = measure;
      amount = 0;
      begun = performance.now();
      timer ??= setInterval(drawStep, drawMs).unref();
      drawStep();
    },
    done: (now) => {
      amount = now;
    },
    end: () => {
      if (timer) clearInterval(timer);
      if (step) draw(null);
      timer = null;
      step = null;
    },
  };
}

function inLog(stream: NodeJS.WriteStream): LongWork {
  let told: { readonly title: string; readonly begun: number } | null = null;
  const end = (): void => {
    if (told) stream.write(`${told.title}: done in ${seconds(performance.now() - told.begun)}\n`);
    told = null;
  };
  return {
    begin: ({ title, unit, of, size = unit === 'bytes' ? of : 0 }) => {
      end();
      if (size < longBytes) return;
      told = { title, begun: performance.now() };
      stream.write(`${title}: ${bytes(size)}\n`);
    },
    done: () => {},
    end,
  };
}
