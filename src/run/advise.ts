import { judgeLifecycle, lifecycleNeeds } from '../coven/lifecycle.ts';
import { blockedBy } from '../coven/obstacles.ts';
import { type Host, see } from '../host/host.ts';
import type { Check, Facts } from '../model/check.ts';
import type { ObservationKey } from '../model/observation.ts';
import type { CheckRun } from './runner.ts';

/** Observations that come from one reading of the ledger, which can take a second. After the first, the others are free. */
const ofLedger: readonly ObservationKey[] = [
  'store.open',
  'store.bytes',
  'store.sessions',
  'store.integrity',
  'store.rows',
  'sessions.leases',
  'sessions.automations',
];
const unseen = {
  'store.open': null,
  'store.bytes': null,
  'store.integrity': null,
  'store.rehearsal': null,
  'store.sessions': null,
  'sessions.automations': null,
};

/**
 * Adds the facts by which hints avoid a command that is known to fail here: the obstacles to a start, a restart, a stop
 * and a vacuum, and the daemon's verdict. A failed observation is no obstacle. The ledger is neither read nor rehearsed for
 * a hint: if none of `checks` reads it, its checks count as obstacles to commands that write to it.
 */
export async function advise(
  runs: readonly CheckRun[],
  host: Host,
  checks: readonly Check[],
): Promise<readonly CheckRun[]> {
  if (runs.every(({ findings }) => findings.every(({ status }) => status === 'pass' || status === 'skipped')))
    return runs;
  const asked = new Set(checks.flatMap(({ needs, wants = [] }) => [...needs, ...wants]));
  const isRead = ofLedger.some((key) => asked.has(key));
  const isFree = (key: ObservationKey): boolean =>
    ofLedger.includes(key) ? isRead : key !== 'store.rehearsal' || asked.has(key);
  const cheap = lifecycleNeeds.filter(isFree);
  const lifecycle = judgeLifecycle({ ...unseen, ...(await see(host, cheap)) });
  if (!lifecycle) return runs;
  const first = isRead ? [] : ['store'];
  const { verdict, pid, start, restart, stop, vacuum } = lifecycle;
  const ways = {
    start: [...start, ...first],
    restart: [...restart, ...first],
    stop,
    vacuum: [...vacuum, ...first],
  };
  const asks = new Set(checks.map(({ id }) => id));
  const facts: Facts = {
    daemonVerdict: verdict,
    daemonPid: pid,
    ...blockedBy(ways, (id) => asks.has(id)),
  };
  return runs.map((run) => ({
    ...run,
    findings: run.findings.map((finding) => ({ ...finding, facts: { ...facts, ...finding.facts } })),
  }));
}

/** Whether this module added the fact of this name. */
export const isAdvice = (fact: string): boolean =>
  /^(?:daemonVerdict|daemonPid|(?:start|restart|stop|vacuum)BlockedBy)$/.test(fact);
