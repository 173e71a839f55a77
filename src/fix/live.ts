import { type LiveSessions, liveSessions, rowNeeds } from '../coven/rows.ts';
import type { PlanInput } from '../model/plan-input.ts';
import type { Observations } from '../observation.ts';

/** The sessions that live while a plan is made; none where that could not be seen. */
export function liveIn(sight: PlanInput): LiveSessions {
  const seen = rowNeeds.every((key) => sight[key as keyof PlanInput] !== null);
  if (!seen) return { daemonSessions: [], runSessions: [] };
  return liveSessions(sight as unknown as Pick<Observations, (typeof rowNeeds)[number]>);
}
