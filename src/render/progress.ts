import type { Check } from '../check.ts';
import type { CheckRun } from '../runner.ts';

export interface Progress {
  readonly done: (run: CheckRun) => void;
  /** Takes the display away before the report is written. */
  readonly end: () => Promise<void>;
}

/** A run that ends sooner needs no display. */
const patienceMs = 400;

/**
 * Shows the running checks on `stream` after a moment, where it is a real terminal with a width; else nothing.
 * listr2 would also draw under CI and on a dumb terminal, so that is decided here.
 */
export function showProgress(
  checks: readonly Check[],
  stream: NodeJS.WriteStream,
  env: Readonly<Record<string, string | undefined>>,
): Progress {
  if (!stream.isTTY || !stream.columns || env.CI || env.TERM === 'dumb') return { done: () => {}, end: async () => {} };
  const finished = new Set<string>();
  const waiting = new Map<string, () => void>();
  let shown: Promise<unknown> = Promise.resolve();
  const timer = setTimeout(() => {
    shown = draw();
  }, patienceMs);

  const draw = async (): Promise<void> => {
    const { Listr } = await import('listr2');
    const tasks = checks.map(({ id }) => ({
      title: id,
      task: () => new Promise<void>((resolve) => (finished.has(id) ? resolve() : waiting.set(id, resolve))),
    }));
    const list = new Listr(tasks, {
      concurrent: true,
      renderer: 'default',
      forceTTY: true,
      rendererOptions: { clearOutput: true },
      registerSignalListeners: false,
    });
    await list.run();
  };
  return {
    done: ({ check }) => {
      finished.add(check.id);
      waiting.get(check.id)?.();
    },
    end: async () => {
      clearTimeout(timer);
      for (const { id } of checks) {
        finished.add(id);
        waiting.get(id)?.();
      }
      await shown;
    },
  };
}
