export interface Progress {
  readonly done: (title: string) => void;
  /** Takes the display away before the report is written. */
  readonly end: () => Promise<void>;
}

/** A run that ends sooner needs no display. */
const patienceMs = 400;

/**
 * Shows what is under way on `stream` after a moment, where it is a real terminal with a width; else nothing.
 * listr2 would also draw under CI and on a dumb terminal, so that is decided here.
 */
export function showProgress(
  titles: readonly string[],
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
    const tasks = titles.map((title) => ({
      title,
      task: () => new Promise<void>((resolve) => (finished.has(title) ? resolve() : waiting.set(title, resolve))),
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
    done: (title) => {
      finished.add(title);
      waiting.get(title)?.();
    },
    end: async () => {
      clearTimeout(timer);
      for (const title of titles) {
        finished.add(title);
        waiting.get(title)?.();
      }
      await shown;
    },
  };
}
