import { harmless } from '../model/harmless.ts';
import { quoted } from '../model/shell.ts';

interface Listed {
  readonly name: string;
  readonly what: string;
  readonly live?: boolean;
  /** The finding that names its root cause, as `check code`. */
  readonly cause: string;
  /** Why it cannot be made here; null if it can. */
  readonly whyNot: string | null;
}

/** What somebody who is new here meets first: each is repaired in another way. */
const forAStart = ['daemon-killed', 'record-zombie-pid', 'socket-stale', 'lock-open-to-others', 'events-damaged'];

const areas: Readonly<Record<string, string>> = {
  home: 'The home',
  daemon: 'The daemon',
  store: 'The ledger',
  sessions: 'Sessions',
  install: 'What is installed',
  harness: 'Harnesses',
  harnesses: 'Harnesses',
};

const areaOf = ({ cause }: Listed): string => {
  const [area = ''] = cause.split(/[: ]/, 1);
  return areas[area] ?? area;
};

/** Every fault with one sentence about it: first a few for a start, then all by the area of their cause. */
export function renderFaults(list: readonly Listed[]): string {
  const width = Math.max(...list.map(({ name }) => name.length));
  const lineOf = ({ name, what, live, whyNot }: Listed): string => {
    const rest = `${live ? ' It lasts until Ctrl-C.' : ''}${whyNot === null ? '' : ` (Not here: ${whyNot}.)`}`;
    return `${name.padEnd(width)}  ${what}${rest}\n`;
  };
  const sorted = list.toSorted((one, other) => (one.name < other.name ? -1 : 1));
  const starts = forAStart.flatMap((name) => sorted.filter((one) => one.name === name));
  const groups = [...new Set([...Object.values(areas), ...sorted.map(areaOf)])]
    .map((area) => [area, sorted.filter((one) => areaOf(one) === area)] as const)
    .filter(([, ofArea]) => ofArea.length > 0);
  const blocks = [['For a start', starts] as const, ...groups].map(
    ([title, ofBlock]) => `${title}:\n${ofBlock.map(lineOf).join('')}`,
  );
  return `${blocks.join('\n')}\nMake one: coven-doctor simulate FAULT --home PATH\n`;
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
    ...(live ? ['', 'It lasts until Ctrl-C.'] : []),
    '',
  ].join('\n');
}

export const renderRefusal = (reason: string): string => `coven-doctor: refused: ${harmless(reason)}\n`;
