import type { Cuts } from '../redaction/stream.ts';

/** What the operator asked for beyond what is known to be harmless. */
export type Included = 'log-text' | 'titles' | 'events';

/** A member of a bundle as it was gathered: with everything that must not leave the machine still in it. */
export type Part = { readonly name: string } & (
  | { readonly json: unknown }
  /**
   * Of the redacted text, at most the last `keep` bytes are taken, from the start of a line. `asked`: the operator asked for
   * what others said here, as it is, and it passes no gate.
   */
  | { readonly text: Buffer; readonly cuts: Cuts; readonly keep: number; readonly asked?: true }
);

/** What can be rescued of a damaged ledger, and what was. */
export const rescueName = 'rescue.json';

/** A member that holds less than there is. */
export interface Cut {
  readonly name: string;
  readonly what: string;
  readonly why: string;
}

/** What is not in the bundle at all. */
export interface LeftOut {
  readonly name: string;
  readonly why: string;
}

export interface Gathered {
  readonly parts: readonly Part[];
  readonly cut: readonly Cut[];
  readonly leftOut: readonly LeftOut[];
}

/** A redacted member. */
export interface Member {
  readonly name: string;
  readonly bytes: Buffer;
}

/** Members by name, in the order of their bytes: equal input gives equal archives everywhere. */
export const byName = (a: { readonly name: string }, b: { readonly name: string }): number =>
  a.name < b.name ? -1 : a.name > b.name ? 1 : 0;
