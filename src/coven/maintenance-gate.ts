import type { Kind } from '../model/observation.ts';

/** An entry of a project's maintenance gate, and what it has to be for Coven to let a session begin. */
export interface GateEntry {
  /** Below the gate; empty for the gate itself. */
  readonly name: '' | 'writers' | 'lock';
  readonly expected: 'directory' | 'file';
  /** Kinds that do as well, behind links where those are followed. */
  readonly accepted: readonly Kind[];
  /** Coven opens it with O_NOFOLLOW where this is false. */
  readonly followsLinks: boolean;
  /** It may have no second name. */
  readonly single: boolean;
}

const folder = { expected: 'directory', accepted: ['directory'], followsLinks: true, single: false } as const;

/**
 * What Coven 0.4.6 opens in a maintenance gate before each session. Anything else there makes `coven run` end with an error and
 * POST /sessions with 423. Source: each kind was put in the place of each entry, and both were tried.
 */
export const gateEntries: readonly GateEntry[] = [
  { name: '', ...folder },
  { name: 'writers', ...folder },
  { name: 'lock', expected: 'file', accepted: ['file', 'fifo', 'device'], followsLinks: false, single: true },
];
