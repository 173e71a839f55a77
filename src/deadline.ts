import { setMaxListeners } from 'node:events';

/** A signal that fires when `parent` does or after a time, and what ends it, with all that still listens to it. */
export interface Deadline {
  readonly signal: AbortSignal;
  readonly done: () => void;
}

/**
 * A deadline of `milliseconds` within `parent`. With a timer of its own: on Node 20 a signal from AbortSignal.any over
 * AbortSignal.timeout can be collected before it fires. The timer does not keep the process alive.
 */
export function deadline(milliseconds: number, parent?: AbortSignal): Deadline {
  const controller = new AbortController();
  // Every look and every check of a run listens to the run's signal.
  setMaxListeners(0, controller.signal);
  const abort = (): void => controller.abort();
  const timer = setTimeout(abort, Math.max(1, Math.ceil(milliseconds)));
  timer.unref();
  if (parent?.aborted) abort();
  else parent?.addEventListener('abort', abort, { once: true });
  return {
    signal: controller.signal,
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
): Promise<T | U> {
  const limit = deadline(milliseconds, parent);
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
