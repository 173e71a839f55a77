import type { Observation, ObservationKey, Observations } from '../../model/observation.ts';
import type { RescueMember } from '../../model/rescue-told.ts';
import type { Report } from '../../run/report.ts';

/** The tool and the machine that made a page. The report does not hold them. */
export interface MadeBy {
  readonly tool: { readonly name: string; readonly version: string };
  /** Null if the machine could not be described. */
  readonly system: System | null;
  /** What can be rescued of the ledger, or was rescued; null if the ledger is not damaged and never was rescued. */
  readonly rescue?: RescueMember | null;
}

/** Of `system.json`. */
export interface System {
  readonly arch?: string;
  readonly node?: string;
  readonly os?: { readonly distro?: string | null; readonly release?: string | null } | null;
}

/** The input of a page: the report and the observations that were made. */
export interface Subject {
  readonly report: Report;
  readonly made: MadeBy | null;
  readonly seen: { readonly [K in ObservationKey]?: Observations[K] };
  /** Observations that failed, and why. */
  readonly blind: readonly { readonly key: ObservationKey; readonly code: string; readonly message: string }[];
}

export function subjectOf(report: Report, observations: Iterable<Observation>, made: MadeBy | null): Subject {
  const all = [...observations];
  const values = all.flatMap((seen) => (seen.ok ? [[seen.key, seen.value] as const] : []));
  const seen: Subject['seen'] = Object.fromEntries(values);
  // Through the WAL of another ledger SQLite reads the rows of that one: they are no sessions of this home.
  const isOfAnother = seen['store.open']?.walForeign === true;
  return {
    report,
    made,
    seen: isOfAnother ? Object.fromEntries(values.filter(([key]) => key !== 'store.sessions')) : seen,
    blind: all.flatMap((seen) => (seen.ok ? [] : [{ key: seen.key, ...seen.error }])),
  };
}
