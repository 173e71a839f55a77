import { setMaxListeners } from 'node:events';

/** A signal that fires when `parent` does or after a time, and what ends it, with all that still listens to it. */
export interface Deadline {
  readonly signal: AbortSignal;
  /** Keeps the process alive until it fires or is done, for who waits for it. */
  readonly hold: () => void;
  readonly done: () => void;
}

/**
 * A deadline of `milliseconds` within `parent`. With a timer of its own: on Node 20 a signal from AbortSignal.any over
 * AbortSignal.timeout can be collected before it fires. The timer does not keep the process alive.
 */
export function deadline(milliseconds: number, parent?: AbortSignal): Deadline {
  return limited((abort) => setTimeout(abort, Math.max(1, Math.ceil(milliseconds))), parent);
}

export const turnMs = 50;

/**
 * As `deadline`, for work of this process that needs the machine's attention: it is counted in turns, and a turn that
 * comes late counts once. Where a busy machine lets us wait for seconds, a plain timer is over before an answer that is
 * there already.
 */
export const patience = patienceOf(() => turnMs);

/** As `patience`, of which `cost` tells how many milliseconds a turn takes: none, where what is waited for could not do anything. */
export function patienceOf(cost: () => number): typeof deadline {
  return (milliseconds, parent) => {
    let left = Math.max(1, milliseconds);
    return limited((abort) => {
      return setInterval(() => {
        left -= cost();
        if (left <= 0) abort();
      }, turnMs);
    }, parent);
  };
}

let over: DOMException | undefined;

function limited(arm: (abort: () => void) => NodeJS.Timeout, parent?: AbortSignal): Deadline {
  const controller = new AbortController();
  // Every look and every check of a run listens to the run's signal.
  setMaxListeners(0, controller.signal);
  const abort = (): void => {
    // Each one that Node makes by itself takes a stack, and a diagnosis has a hundred deadlines.
    over ??= new DOMException('This operation was aborted', 'AbortError');
    controller.abort(over);
  };
  const timer = arm(abort);
  timer.unref();
  if (parent?.aborted) abort();
  else parent?.addEventListener('abort', abort, { once: true });
  return {
    signal: controller.signal,
    hold: () => void timer.ref(),
    done: () => {
      clearTimeout(timer);
      parent?.removeEventListener('abort', abort);
      abort();
    },
  };
}

/** Rejects never: resolves to `otherwise` when the deadline passes before `work` settles. */
export async function within<T, U>(
  work: Promise<T>,
  milliseconds: number,
  parent: AbortSignal,
  otherwise: () => U,
  limitOf = deadline,
): Promise<T | U> {
  const limit = limitOf(milliseconds, parent);
  // Work that nothing else keeps alive, as the end of a child that was let go, would end this process without a word.
  limit.hold();
  const late = new Promise<U>((resolve) => {
    if (limit.signal.aborted) resolve(otherwise());
    else
      limit.signal.addEventListener('abort', () => resolve(otherwise()), {
        once: true,
      });
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    limit.done();
  }
}
