import { harmless } from '../model/harmless.ts';
import { quoted } from '../model/shell.ts';

interface Listed {
  readonly name: string;
  readonly what: string;
  readonly live?: boolean;
  /** Why it cannot be made here; null if it can. */
  readonly whyNot: string | null;
}

/** Every fault with one sentence about it. */
export function renderFaults(list: readonly Listed[]): string {
  const width = Math.max(...list.map(({ name }) => name.length));
  const lines = list.map(({ name, what, live, whyNot }) => {
    const rest = `${live ? ' It stands until Ctrl-C.' : ''}${whyNot === null ? '' : ` (Not here: ${whyNot}.)`}`;
    return `${name.padEnd(width)}  ${what}${rest}\n`;
  });
  return `${lines.join('')}\nMake one: coven-doctor simulate FAULT --home PATH\n`;
}

interface Simulated {
  readonly name: string;
  readonly what: string;
  readonly live: boolean;
  /** Findings, as `check code status`. */
  readonly expect: readonly string[];
  /** Folders that must come first on PATH. */
  readonly path: readonly string[];
  readonly command: readonly string[];
}

/** A fault that was made: what to run, and what should be seen. */
export function renderSimulated({ name, what, live, expect, path, command }: Simulated): string {
  const words = command.map(quoted).join(' ');
  return [
    `${name}: ${what}`,
    '',
    'Look at it:',
    `  ${harmless(path.length > 0 ? `PATH=${quoted(path.join(':'))}:"$PATH" ${words}` : words)}`,
    '',
    'It should say, beside what it says of any home here:',
    ...expect.map((line) => `  ${line}`),
    ...(live ? ['', 'It stands until Ctrl-C.'] : []),
    '',
  ].join('\n');
}

export const renderRefusal = (reason: string): string => `coven-doctor: refused: ${harmless(reason)}\n`;
