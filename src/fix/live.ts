import { type LiveSessions, liveSessions, rowNeeds } from '../coven/rows.ts';
import type { Observations } from '../observation.ts';
import type { PlanSight } from './sight.ts';

/** The sessions that live while a plan is made; none where that could not be seen. */
export function liveIn(sight: PlanSight): LiveSessions {
  const seen = rowNeeds.every((key) => sight[key as keyof PlanSight] !== null);
  if (!seen) return { daemonSessions: [], runSessions: [] };
  return liveSessions(sight as unknown as Pick<Observations, (typeof rowNeeds)[number]>);
}
