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

/** A plug-in check: the observations that it needs, how it judges them, and its words as data. */
export interface CustomCheck<K extends ObservationKey = ObservationKey> extends StatedWords {
  /** `area:subject` in lower case. The area is your own, not one of coven-doctor's. It never changes. */
  readonly id: string;
  /** Observations that the check needs. If one fails, the check is `unknown`. */
  readonly needs: readonly K[];
  /** Why the check does not apply here, as one of `causes`; undefined to judge. */
  readonly skip?: (seen: Seen<K>) => string | undefined;
  /** A pure function of the observations. Returns at least one finding, which can be `ok`. */
  readonly judge: (seen: Seen<K>) => readonly Finding[] | Promise<readonly Finding[]>;
}

/** Declares a check for `--checks`. It is examined where it is loaded; this gives `judge` its types. */
export function defineCheck<const K extends ObservationKey>(check: CustomCheck<K>): CustomCheck<K> {
  return check;
}
