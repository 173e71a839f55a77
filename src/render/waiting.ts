import { count } from '../model/amounts.ts';

export interface Waiting {
  readonly tell: (sessions: number, secondsLeft: number) => void;
  /** Removes the line. */
  readonly end: () => void;
}

/** One line that is rewritten, on a real terminal only. */
export function showWaiting(stream: NodeJS.WriteStream, env: Readonly<Record<string, string | undefined>>): Waiting {
  if (!stream.isTTY || env.CI || env.TERM === 'dumb') return { tell: () => {}, end: () => {} };
  const anew = (text: string): void => void stream.write(`\r\u001b[K${text}`);
  return {
    tell: (sessions, secondsLeft) =>
      anew(`Waiting for ${count(sessions, 'live session')} to end, ${Math.ceil(secondsLeft)} s at the most`),
    end: () => anew(''),
  };
}
