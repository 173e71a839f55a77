import { isDaemonAdrift } from '../coven/adrift.ts';
import { judgeLiveness, type Liveness } from '../coven/liveness.ts';
import { type Host, see } from '../host/host.ts';
import { livenessNeeds } from '../model/needs.ts';
import { type HealthBody, whole } from '../model/observation.ts';
import { lookAfresh } from './look-afresh.ts';

/** What is known of a home's daemon at one moment. */
export interface DaemonState extends Pick<Liveness, 'verdict' | 'pid'> {
  /** Its answer to a health request, where it gave one. */
  readonly health: HealthBody | null;
  /** RFC 3339, from its answer or else from daemon.json. */
  readonly startedAt: string | null;
  /** The pid in daemon.json, and what became of it. */
  readonly recordedPid: number | null;
  readonly recorded: Liveness['recordedPid'];
  /** It writes to a ledger that is not the one at its path: what it has recorded is gone when it ends. */
  readonly adrift: boolean;
  /** Why nothing could be determined. */
  readonly reason: string | null;
}

/** Looks at a home's daemon afresh, and changes nothing. Never rejects: what cannot be told is `undetermined`. */
export const probe = (home: string, signal: AbortSignal): Promise<DaemonState> =>
  lookAfresh(home, signal, async (host) => {
    const observed = whole(await see(host, livenessNeeds), livenessNeeds);
    if (!observed) return { ...unseen, reason: await whyBlind(host) };
    const { verdict, pid, recordedPid: recorded } = judgeLiveness(observed);
    const { body } = observed['daemon.health'];
    const record = observed['daemon.record'];
    return {
      verdict,
      pid,
      health: body,
      startedAt: body?.startedAt ?? record.startedAt,
      recordedPid: record.pid,
      recorded,
      adrift: isDaemonAdrift(observed, pid),
      reason: null,
    };
  });

async function whyBlind({ observe }: Host): Promise<string | null> {
  for (const key of livenessNeeds) {
    const look = await observe(key);
    if (!look.ok) return `${key}: ${look.error.message}`;
  }
  return null;
}

const unseen: DaemonState = {
  verdict: 'undetermined',
  pid: null,
  health: null,
  startedAt: null,
  recordedPid: null,
  recorded: 'none',
  adrift: false,
  reason: null,
};
