import { judgeLifecycle, lifecycleNeeds } from '../coven/lifecycle.ts';
import { blockedBy } from '../coven/obstacles.ts';
import { type Host, see } from '../host/host.ts';
import type { Check, Facts } from '../model/check.ts';
import type { ObservationKey } from '../model/observation.ts';
import type { CheckRun } from './runner.ts';

/** What comes of one reading of the ledger, which may take a second: who asks for one of these has paid for all. */
const ofLedger: readonly ObservationKey[] = [
  'store.open',
  'store.bytes',
  'store.sessions',
  'store.integrity',
  'store.rows',
  'sessions.leases',
];
const unseen = { 'store.open': null, 'store.bytes': null, 'store.integrity': null, 'store.rehearsal': null };

/**
 * Adds to what is wrong the facts that hints need to advise no command that is known to fail here: what is in the way of
 * a start, a restart, a stop and a vacuum, and the daemon's verdict. A look that failed is in nobody's way. The ledger is
 * neither read nor rehearsed for a hint: where none of `checks` reads it, its checks are in the way of what would write to it.
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

/** Whether a fact of this name was added here. */
export const isAdvice = (fact: string): boolean =>
  /^(?:daemonVerdict|daemonPid|(?:start|restart|stop|vacuum)BlockedBy)$/.test(fact);
