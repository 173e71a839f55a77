import { defineCheck, from, pass, warn } from '../src/check.ts';
import { withoutHome } from '../src/coven/gates.ts';
import { floodBytes } from '../src/coven/limits.ts';
import { ageSeconds, judgeLiveness, livenessNeeds } from '../src/coven/liveness.ts';
import type { LogStory } from '../src/observation.ts';

const target = '<coven-home>/daemon-recovery.log';

/** So many starts within so many seconds, none of them stopped by intent, are no operator's work. */
const loop = { starts: 6, seconds: 600 };
/** What is older is history. */
const recentSeconds = 24 * 3600;

/** Steps after the ledger was opened: what ends a start there is its socket. Source: the order of Coven's start. */
const bindingPhases: readonly (string | null)[] = [
  'daemon-store-end',
  'status-publication-begin',
  'status-publication-end',
];

/** The story that the recovery log tells: crash loops, starts that ended half way, panics, floods. */
export const daemonLog = defineCheck({
  id: 'daemon:log',
  category: 'daemon',
  needs: [...livenessNeeds, 'store.open', 'daemon.log'],
  skip: withoutHome,
  judge: (seen) => {
    const story = seen['daemon.log'];
    const { now } = seen.machine;
    const { verdict } = judgeLiveness(seen);
    const { lines, readBytes, bytes, last, panics, lastPanicAt, lastError, lastAt, burstBytes } = story;
    const starts = startsInLoop(story);
    const facts = {
      lines,
      starts,
      minutes: loop.seconds / 60,
      panics,
      lastPanicAt,
      lastError,
      phase: last?.phase ?? null,
      at: last?.at ?? null,
      kilobytes: Math.round(burstBytes / 1024),
    };
    const rest = {
      facts,
      evidence: from('daemon.log', {
        bytes,
        readBytes,
        burstBytes,
        starts,
        panics,
        completed: last?.completed ?? null,
        phase: facts.phase,
        lastAt,
      }),
    };
    const isRecent = (at: string | null): boolean => (ageSeconds(at, now) ?? Number.POSITIVE_INFINITY) < recentSeconds;
    // A ledger that does not open ends every start: that is the cause, and its own check names it.
    const named = !['opened', 'missing', 'empty'].includes(seen['store.open'].outcome);
    const found = [];
    if (starts >= loop.starts && isRecent(last?.at ?? null)) found.push(warn('crash-loop', target, rest));
    if (panics > 0 && isRecent(lastPanicAt)) found.push(warn('panic', target, rest));
    if (burstBytes >= floodBytes && isRecent(lastAt)) found.push(warn('flood', target, rest));
    if (last && !last.completed && !named && verdict === 'stopped') {
      const { kind, connect } = seen['daemon.socket'];
      const explained = (kind !== 'absent' && kind !== 'socket') || connect === 'too-long';
      const escalate = bindingPhases.includes(last.phase) && !explained && { escalate: 'socket-cannot-bind' as const };
      found.push(warn('start-incomplete', target, { ...rest, ...escalate }));
    }
    return found.length > 0 ? found : [pass(target, rest)];
  },
});

/** Starts before and with the last one, within the time of a loop, that no clean stop ended. */
function startsInLoop({ starts }: LogStory): number {
  const last = starts.at(-1);
  if (!last) return 0;
  return starts.filter(({ at, stopped }) => !stopped && (ageSeconds(at, last.at) ?? loop.seconds) < loop.seconds)
    .length;
}
