import type { Cuts } from '../redaction/stream.ts';

/** Texts that the user can ask for although they are not known to be harmless. */
export type Included = 'log-text' | 'titles' | 'events';

/** A member as it was gathered. It still contains everything that must not leave the machine. */
export type Part = { readonly name: string } & (
  | { readonly json: unknown }
  /**
   * At most the last `keep` bytes of the redacted text are kept, from the start of a line. `asked`: the user asked for this
   * text, so it does not pass the gate.
   */
  | { readonly text: Buffer; readonly cuts: Cuts; readonly keep: number; readonly asked?: true }
);

/** What can be rescued of a damaged ledger, and what was rescued. */
export const rescueName = 'rescue.json';

/** A truncated member. */
export interface Cut {
  readonly name: string;
  readonly what: string;
  readonly why: string;
}

/** Something that is omitted from the bundle. */
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

/** Sorts members by the bytes of their names, so that equal input gives equal archives everywhere. */
export const byName = (a: { readonly name: string }, b: { readonly name: string }): number =>
  a.name < b.name ? -1 : a.name > b.name ? 1 : 0;
