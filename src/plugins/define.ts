import type { Finding, Seen } from '../model/check.ts';
import type { ObservationKey } from '../model/observation.ts';

/** The words of a check, as data: in a text, `{name}` stands for the fact of that name. */
export interface StatedWords {
  /** What the check asks, as a short question or title. */
  readonly title: string;
  /** What it decides and why that matters. */
  readonly explain: string;
  /** By code, every one that the check can say: `ok` is the pass. */
  readonly causes: Readonly<Record<string, { readonly message: string; readonly hint?: string }>>;
}

/** A check that is not ours: what it looks at, how it judges, and its words as data. */
export interface CustomCheck<K extends ObservationKey = ObservationKey> extends StatedWords {
  /** `area:subject` in lower case; the area is your own, and none of coven-doctor's. It never changes. */
  readonly id: string;
  /** Observations without which nothing can be said; one that fails makes the check `unknown`. */
  readonly needs: readonly K[];
  /** Why the question makes no sense here, as one of `causes`, or undefined to judge. */
  readonly skip?: (seen: Seen<K>) => string | undefined;
  /** Pure: the same observations give the same findings, and nothing else is looked at. At least one, `ok` included. */
  readonly judge: (seen: Seen<K>) => readonly Finding[] | Promise<readonly Finding[]>;
}

/** Declares a check for `--checks`. It is examined where it is loaded; this gives `judge` its types. */
export function defineCheck<const K extends ObservationKey>(check: CustomCheck<K>): CustomCheck<K> {
  return check;
}
