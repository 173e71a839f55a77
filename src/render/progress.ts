import { count } from '../model/amounts.ts';

export interface Progress {
  /** Whether there is a terminal on which it is seen. */
  readonly isShown: boolean;
  /** What the area of a part is at, in the place of its count; null is the count again. */
  readonly note: (part: string, said: string | null) => void;
  /** That a part came to its end; what it found is counted on the line of its area. */
  readonly done: (part: string, isFault?: boolean) => void;
  /** Takes the display away before the report is written. */
  readonly end: () => Promise<void>;
}

/** Work that has a line of its own: `daemon`, and what belongs to it. */
export interface Area {
  readonly title: string;
  readonly parts: readonly string[];
}

/** A run that ends sooner needs no display. */
const patienceMs = 400;

/** What a screen of 24 lines has room for, with the prompt above it. */
const mostLines = 20;

/** Checks by the area that their name begins with: `daemon:socket` belongs to `daemon`. */
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
 * Shows what is under way on `stream` after a moment, where it is a real terminal with a width; else nothing.
 * listr2 would also draw under CI and on a dumb terminal, so that is decided here.
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
