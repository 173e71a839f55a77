import type { Observation, ObservationKey, Observations } from '../../model/observation.ts';
import type { Report } from '../../run/report.ts';

/** What a page is made of: the report, and what was seen, as far as it was. */
export interface Subject {
  readonly report: Report;
  readonly seen: { readonly [K in ObservationKey]?: Observations[K] };
  /** What could not be seen, and why. */
  readonly blind: readonly { readonly key: ObservationKey; readonly code: string; readonly message: string }[];
}

export function subjectOf(report: Report, observations: Iterable<Observation>): Subject {
  const all = [...observations];
  const values = all.flatMap((seen) => (seen.ok ? [[seen.key, seen.value] as const] : []));
  return {
    report,
    seen: Object.fromEntries(values),
    blind: all.flatMap((seen) => (seen.ok ? [] : [{ key: seen.key, ...seen.error }])),
  };
}
