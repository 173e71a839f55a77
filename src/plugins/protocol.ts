import type { Place } from './trust.ts';

/** The first line sent to the process of a module. */
export interface Start {
  /** The real path of the module. */
  readonly path: string;
  readonly homes: readonly Place[];
}

/** Its first line: what the module exports, unchanged, or why it cannot be loaded. */
export type Loaded = { readonly exports: readonly Exported[] } | { readonly error: string };

/** One export, or one item of an exported array; of a check, its data. */
export interface Exported {
  readonly name: string;
  readonly check: unknown;
}

/** A request, one JSON document per line. */
export interface Request {
  readonly id: string;
  readonly seen: unknown;
}

/** An answer, one JSON document per line. */
export type Answer = { readonly findings: unknown } | { readonly skip: unknown } | { readonly error: string };

/** Most bytes of one line. */
export const lineLimit = 1024 ** 2;
