import { judgeLiveness, type Liveness } from '../coven/liveness.ts';
import { type LiveSessions, liveSessions, rowNeeds } from '../coven/rows.ts';
import { livenessNeeds } from '../model/needs.ts';
import { whole } from '../model/observation.ts';
import type { PlanInput } from '../model/plan-input.ts';

/** The sessions that live while a plan is made; none where that could not be seen. */
export function liveIn(input: PlanInput): LiveSessions {
  const rows = whole(input, rowNeeds);
  return rows ? liveSessions(rows) : { daemonSessions: [], runSessions: [] };
}

/** The daemon while a plan is made, or null where that could not be seen: then nothing is planned that rests on it. */
export function daemonIn(input: Pick<PlanInput, (typeof livenessNeeds)[number]>): Liveness | null {
  const seen = whole(input, livenessNeeds);
  return seen && judgeLiveness(seen);
}
