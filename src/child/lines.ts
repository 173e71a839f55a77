import type { Readable } from 'node:stream';

export interface LineReader {
  /** The next line, whenever it is called; one call at a time. */
  readonly next: () => Promise<{ readonly text: string } | 'ended' | 'too-long'>;
}

/**
 * Splits what `stream` gives into lines, from the moment of the call on. Time and memory are linear in the text; a line
 * over `limit` UTF-16 units ends the reading.
 */
export function readLines(stream: Readable, limit: number): LineReader {
  const whole: string[] = [];
  let parts: string[] = [];
  let length = 0;
  let state: 'open' | 'ended' | 'too-long' = 'open';
  let wake = (): void => undefined;
  const end = (how: 'ended' | 'too-long'): void => {
    if (state === 'open') state = how;
    wake();
  };
  stream.setEncoding('utf8');
  stream.on('data', (text: string) => {
    const [first = '', ...rest] = text.split('\n');
    length += first.length;
    if (length > limit || rest.some((line) => line.length > limit)) {
      stream.destroy();
      return end('too-long');
    }
    parts.push(first);
    if (rest.length > 0) {
      whole.push(parts.join(''), ...rest.slice(0, -1));
      const last = rest.at(-1) ?? '';
      parts = [last];
      length = last.length;
    }
    wake();
  });
  stream.on('error', () => end('ended')).on('close', () => end('ended'));
  return {
    next: async () => {
      for (;;) {
        const text = whole.shift();
        if (text !== undefined) return { text };
        if (state !== 'open') return state;
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    },
  };
}
