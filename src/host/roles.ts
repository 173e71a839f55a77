import type { Role } from '../model/observation.ts';

/** What a command line and a held state lock make of a process. */
export function roleOf(argv: readonly string[], holdsStateLock: boolean, marked: boolean): Role {
  if (isServe(argv)) return 'serve';
  if (holdsStateLock) return isCommand(argv, 'run') ? 'run' : 'other-coven';
  return marked ? 'harness' : 'other';
}

export const isServe = (argv: readonly string[]): boolean => isCommand(argv, 'daemon', 'serve');

/** A native binary has its words from 1 on, a script under node from 2 on. */
function isCommand(argv: readonly string[], ...words: readonly string[]): boolean {
  return [1, 2].some((at) => words.every((word, index) => argv[at + index] === word));
}
