import type { Observed } from '../model/observation.ts';
import { retentionDays } from './context.ts';
import { aheadMost } from './contract.ts';

/** What the retention of events would take at the next start. */
export interface EndOfEvents {
  readonly code: 'behind' | 'all-by-age';
  /** Counted to `aheadMost`. */
  readonly events: number;
  /** Of how many sessions; null where that was not counted. */
  readonly sessions: number | null;
  readonly days: number;
  /** The time that tells of it: the first of those before there was any Coven, or the newest of all. */
  readonly at: string;
}

/** Days that Coven keeps events where nothing says otherwise. */
export const usualDays = retentionDays(undefined);

const dayMs = 24 * 3_600_000;

/**
 * Whether the next start of a daemon would delete, by their age, events that were not made so long ago, or every event that there is.
 * Within 75 seconds of its start a daemon deletes what is dated before its days; times are compared as texts. Events that go
 * one by one from a home in use are nothing to tell. Source: Coven 0.4.6, a start with rows of 1970, `coven logs prune --dry-run`.
 */
export function endsByAge(
  { behind }: NonNullable<Observed<'store.sessions'>['store.sessions']>,
  config: Observed<'home.config'>['home.config'],
  now: string,
): EndOfEvents | null {
  const days = config?.eventDays;
  if (days == null || behind.all === 0) return null;
  const cutoff = new Date(Math.max(0, Date.parse(now) - days * dayMs)).toISOString();
  const { events, sessions, firstAt, newestAt, all } = behind;
  if (newestAt !== null && newestAt < cutoff && events < all)
    return { code: 'all-by-age', events: Math.min(all, aheadMost), sessions: null, days, at: newestAt };
  if (events > 0 && firstAt !== null && firstAt < cutoff)
    return { code: 'behind', events, sessions, days, at: firstAt };
  return null;
}

/** Days of retention by which an event of that time is kept for ten years more; a hundred years where that is no time. */
export function daysToKeep(at: string, now: string): number {
  const days = (Date.parse(now) - Date.parse(at)) / dayMs;
  return (Number.isFinite(days) ? Math.ceil(days) : 90 * 365) + 3650;
}
