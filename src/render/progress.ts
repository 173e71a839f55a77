import { count } from '../model/amounts.ts';

export interface Progress {
  /** Whether the display is on a terminal. */
  readonly isShown: boolean;
  /** Shows a note on the line of the area of a part, instead of its count; null shows the count again. */
  readonly note: (part: string, said: string | null) => void;
  /** Marks a part as finished. Its line counts it, and counts faults. */
  readonly done: (part: string, isFault?: boolean) => void;
  /** Removes the display before the report is written. */
  readonly end: () => Promise<void>;
}

/** One line of the display: `daemon`, with the checks that belong to it. */
export interface Area {
  readonly title: string;
  readonly parts: readonly string[];
}

/** A run that ends before this shows no display. */
const patienceMs = 400;

/** Lines that fit on a screen of 24, below the prompt. */
const mostLines = 20;

/** Groups checks by the first part of their id: `daemon:socket` belongs to `daemon`. */
export function areasOf(ids: readonly string[]): readonly Area[] {
  const areas = new Map<string, string[]>();
  for (const id of ids) {
    const [name = id] = id.split(':');
    const title = name === 'harnesses' ? 'harness' : name;
    areas.set(title, [...(areas.get(title) ?? []), id]);
  }
  const all = [...areas].map(([title, parts]) => ({ title, parts }));
  if (all.length <= mostLines) return all;
  const rest = all.slice(mostLines - 1).flatMap(({ parts }) => parts);
  return [...all.slice(0, mostLines - 1), { title: 'other checks', parts: rest }];
}

/**
 * Shows progress on `stream` after a moment, if it is a real terminal with a width.
 * listr2 itself would also draw in CI and on a dumb terminal.
 */
export function showProgress(
  areas: readonly Area[],
  stream: NodeJS.WriteStream,
  env: Readonly<Record<string, string | undefined>>,
  isQuiet = false,
): Progress {
  if (isQuiet || !stream.isTTY || !stream.columns || env.CI || env.TERM === 'dumb')
    return { isShown: false, note: () => {}, done: () => {}, end: async () => {} };
  const lines = areas.map(lineOf);
  let shown: Promise<unknown> = Promise.resolve();
  const timer = setTimeout(() => {
    shown = draw();
  }, patienceMs);

  const draw = async (): Promise<void> => {
    const { Listr } = await import('listr2');
    const tasks = lines.map((line) => ({
      title: line.said(),
      task: async (_: unknown, task: { title: string | undefined }): Promise<void> => {
        line.tell((said) => {
          task.title = said;
        });
        await line.finished;
      },
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
    isShown: true,
    note: (part, said) => {
      for (const line of lines) line.note(part, said);
    },
    done: (part, isFault = false) => {
      for (const line of lines) line.done(part, isFault);
    },
    end: async () => {
      clearTimeout(timer);
      for (const line of lines) line.finish();
      await shown;
    },
  };
}

/** `daemon: 4 of 9 checks`, and at its end `daemon: 9 checks, 1 not passed (1.3 s)`. */
function lineOf({ title, parts }: Area) {
  const begun = performance.now();
  const waiting = new Set(parts);
  let faults = 0;
  let note: string | null = null;
  let tell: (said: string) => void = () => {};
  let finish: () => void = () => {};
  const finished = new Promise<void>((resolve) => {
    finish = resolve;
  });
  const said = (): string => {
    if (waiting.size > 0 && note !== null) return `${title}: ${note.charAt(0).toLowerCase()}${note.slice(1)}`;
    if (parts.length === 1 && parts[0] === title) return title;
    const found = faults > 0 ? `, ${faults} not passed` : '';
    if (waiting.size > 0) return `${title}: ${parts.length - waiting.size} of ${count(parts.length, 'check')}${found}`;
    return `${title}: ${count(parts.length, 'check')}${found} (${((performance.now() - begun) / 1000).toFixed(1)} s)`;
  };
  return {
    said,
    finished,
    finish,
    tell: (how: (said: string) => void): void => {
      tell = how;
      tell(said());
    },
    note: (part: string, now: string | null): void => {
      if (!waiting.has(part) || note === now) return;
      note = now;
      tell(said());
    },
    done: (part: string, isFault: boolean): void => {
      if (!waiting.delete(part)) return;
      if (isFault) faults += 1;
      tell(said());
      if (waiting.size === 0) finish();
    },
  };
}
