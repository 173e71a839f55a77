import type { Place } from './trust.ts';

/** The first line that the process of a module is given. */
export interface Start {
  /** The real path of the module. */
  readonly path: string;
  readonly homes: readonly Place[];
}

/** What it writes first: what the module exports, as it is, or why it does not load. */
export type Loaded = { readonly exports: readonly Exported[] } | { readonly error: string };

/** One export, or one item of an exported array; of a check, its data. */
export interface Exported {
  readonly name: string;
  readonly check: unknown;
}

/** What it is asked, one JSON document a line. */
export interface Request {
  readonly id: string;
  readonly seen: unknown;
}

/** What it answers, one JSON document a line. */
export type Answer = { readonly findings: unknown } | { readonly skip: unknown } | { readonly error: string };

/** Bytes that one line of it may have. */
export const lineLimit = 1024 ** 2;
