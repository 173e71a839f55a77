/** A mutant that no test can tell from the original, or need not, and why. */
export interface Explained {
  readonly file: string;
  readonly was: string;
  readonly becomes: string;
  readonly why: string;
}

export const explained: readonly Explained[] = [];
