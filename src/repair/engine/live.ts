import { liveIds } from '../../coven/rows.ts';
import { seeLiveSessions } from '../../lifecycle/sessions.ts';
import type { Action } from '../../model/step.ts';
import type { Task } from './kind.ts';
import { Refusal } from './refusal.ts';

type Ending = Extract<Action, { readonly ends?: unknown }>;

/**
 * Throws where a session lives that the step was not planned on, and so not agreed to: a restart ends those of the daemon,
 * and a start calls those of a `coven run` orphaned. One that has ended meanwhile is in nobody's way.
 */
export async function refuseMoreLive({ action: { ends = [] }, context }: Task<Ending>): Promise<void> {
  const live = await seeLiveSessions(context.homePath, context.signal);
  if (!live) throw new Refusal('sessions-unseen');
  const more = liveIds(live).filter((id) => !ends.includes(id));
  const [session] = more;
  if (session !== undefined) throw new Refusal('live-session', { session, count: more.length });
}
