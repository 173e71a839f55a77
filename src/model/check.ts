import type { Advice } from './advice.ts';
import { type Facts, type Finding, shapes } from './finding.ts';
import type { ObservationKey, Observed, Seen } from './observation.ts';
import type { Remedy } from './remedy.ts';

export * from './finding.ts';
export type { Seen } from './observation.ts';

/** `custom` is every check that is not ours. */
export type Category = 'home' | 'daemon' | 'store' | 'sessions' | 'install' | 'harness' | 'upgrade' | 'custom';

/** One line, made from the facts of a finding; in a text, `{name}` stands for the fact of that name. */
export type Say = string | ((facts: Facts) => string);

/** Everything about a cause: a check says what is wrong, why, what to do, and what `--fix` does. */
export interface Cause {
  readonly message: Say;
  /** What to do next: sentences and commands. It never advises what is known to fail in that very state. */
  readonly hint?: string | ((facts: Facts) => string | Advice);
  /**
   * Other causes, as `check code`: where one of them is found beside it, this one is its consequence, and is not told as a
   * cause of its own. `*` stands for every code that is a fault. Source: faults of Coven 0.4.6, each seen to cause the other.
   */
  readonly follows?: readonly string[];
  readonly remedy?: Remedy;
}

export interface Check<K extends ObservationKey = ObservationKey> {
  readonly id: string;
  readonly category: Category;
  /** The module that it came from, where it is not ours. */
  readonly module?: string;
  /** It judges what a gate let through, and nothing else. */
  readonly sealed?: true;
  /** What the check asks, as a short question or title. */
  readonly title: string;
  /** What it decides and why that matters, for `explain`. */
  readonly explain: string;
  /** By code, every one that the check can say: `ok` is the pass. */
  readonly causes: Readonly<Record<string, Cause>>;
  /** Observations without which nothing can be said; one that fails makes the check `unknown`. */
  readonly needs: readonly K[];
  /** Observations that tell more where they could be seen; one that fails is null, and the check decides without it. */
  readonly wants?: readonly ObservationKey[];
  /** Why the question makes no sense here, named as a code, or undefined to judge. */
  readonly skip?: (seen: Seen<K>) => string | undefined;
  /** Pure: the same observations give the same findings. At least one finding, `ok` included. */
  readonly judge: (seen: Seen<K>, signal: AbortSignal) => readonly Finding[] | Promise<readonly Finding[]>;
}

/** The codes of a check that are no pass. */
export const codesOf = ({ causes }: Pick<Check, 'causes'>): readonly string[] =>
  Object.keys(causes).filter((code) => code !== 'ok');

/**
 * Declares a check. Its id is `area` or `area:subject` in lower case and never changes; throws a TypeError otherwise.
 * The result is widened, so that checks with different needs stand in one list; the runner gives each what it needs.
 */
export function defineCheck<const K extends ObservationKey, const W extends ObservationKey = never>(
  check: Omit<Check<K>, 'wants' | 'judge'> & {
    readonly wants?: readonly W[];
    readonly judge: (
      seen: Seen<K> & Observed<W>,
      signal: AbortSignal,
    ) => readonly Finding[] | Promise<readonly Finding[]>;
  },
): Check {
  if (!shapes.id.test(check.id)) throw new TypeError(`not a check id: ${check.id}`);
  return check as unknown as Check;
}
