import type { Observation, ObservationKey, Observations } from '../../model/observation.ts';
import type { RescueMember } from '../../model/rescue-told.ts';
import type { Report } from '../../run/report.ts';

/** Who made a page and on which machine, beyond what a report holds. */
export interface MadeBy {
  readonly tool: { readonly name: string; readonly version: string };
  /** Null where the machine did not tell. */
  readonly system: System | null;
  /** What can be rescued of the ledger, or was; null where that is no question. */
  readonly rescue?: RescueMember | null;
}

/** Of `system.json`. */
export interface System {
  readonly arch?: string;
  readonly node?: string;
  readonly os?: { readonly distro?: string | null; readonly release?: string | null } | null;
}

/** What a page is made of: the report, and what was seen, as far as it was. */
export interface Subject {
  readonly report: Report;
  readonly made: MadeBy | null;
  readonly seen: { readonly [K in ObservationKey]?: Observations[K] };
  /** What could not be seen, and why. */
  readonly blind: readonly { readonly key: ObservationKey; readonly code: string; readonly message: string }[];
}

export function subjectOf(report: Report, observations: Iterable<Observation>, made: MadeBy | null): Subject {
  const all = [...observations];
  const values = all.flatMap((seen) => (seen.ok ? [[seen.key, seen.value] as const] : []));
  return {
    report,
    made,
    seen: Object.fromEntries(values),
    blind: all.flatMap((seen) => (seen.ok ? [] : [{ key: seen.key, ...seen.error }])),
  };
}
