import { type OneChild, oneChild } from '../child/one-child.ts';
import type { readStory } from '../coven/story.ts';
import { CannotSee } from './host.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/** What the process that reads texts of others is asked, one a line; it answers each with a line of JSON. */
export type TextRequest =
  | { readonly do: 'story'; readonly text: string }
  | { readonly do: 'redact' | 'free-text'; readonly text: string; readonly env: Environment };

/** Reads texts of others in a process of its own. Each call rejects with CannotSee where that did not come to its end. */
export interface Texts {
  /** What the lines of a recovery log tell. */
  readonly story: (log: string) => Promise<ReturnType<typeof readStory>>;
  /** Without what is known to be a secret or looks like one. */
  readonly redact: (text: string) => Promise<string>;
  /** As far as it is a message that is known, and else its kind and length. */
  readonly freeText: (text: string) => Promise<string>;
  readonly end: () => Promise<void>;
}

export interface TextLimits {
  readonly env: Environment;
  /** Milliseconds until the run's deadline. */
  readonly timeLeft: () => number;
  readonly signal: AbortSignal;
}

/** Of that process: each takes some milliseconds. */
const textMs = 10_000;
const memoryBytes = 256 * 1024 ** 2;
const heapMegabytes = 128;

/** `reader` is the process that reads them, where one is there for something else, too. */
export function makeTexts(
  { env, timeLeft, signal }: TextLimits,
  reader: OneChild = oneChild('text', memoryBytes, heapMegabytes),
): Texts {
  const ask = <T>(request: TextRequest): Promise<T> =>
    reader.ask(async (child) => {
      const milliseconds = Math.min(textMs, timeLeft());
      child.tell(request);
      const line = await child.line(milliseconds, signal, 'effort');
      if (typeof line === 'object') return JSON.parse(line.text);
      const how = child.describe();
      void reader.giveUp(child);
      const mebibytes = reader.memoryBytes / 1024 ** 2;
      throw line === 'late'
        ? new CannotSee('overran', `reading what it says took longer than ${Math.round(milliseconds)} ms`)
        : new CannotSee(
            'text-unread',
            `the process that reads what it says ${how}; it may use ${mebibytes} MiB of memory`,
          );
    });
  return {
    story: (text) => ask({ do: 'story', text }),
    redact: (text) => ask({ do: 'redact', text, env }),
    freeText: (text) => ask({ do: 'free-text', text, env }),
    end: reader.end,
  };
}
