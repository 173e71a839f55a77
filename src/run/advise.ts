import { mayBeOpen } from '../coven/ledger-in-use.ts';
import { judgeLifecycle } from '../coven/lifecycle.ts';
import { blockedBy } from '../coven/obstacles.ts';
import { liveSessions, rowNeeds } from '../coven/rows.ts';
import { type Host, see } from '../host/host.ts';
import type { Check, Facts, Finding } from '../model/check.ts';
import { lifecycleNeeds } from '../model/needs.ts';
import { type ObservationKey, type Observed, whole } from '../model/observation.ts';
import { say } from '../model/say.ts';
import type { CheckRun } from './runner.ts';

/**
 * Observations that come from one reading of the ledger, which can take a second. After the first, the others take no reading; those of leases and
 * automations then look at the projects and programs that the rows name.
 */
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
  'store.sessions': null,
  'store.integrity': null,
  'store.rehearsal': null,
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
  const seen = { ...unseen, ...(await see(host, cheap)) };
  const lifecycle = judgeLifecycle(seen);
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
    ledgerInUse: mayBeOpen(seen),
    ...livesOf(seen),
    ...blockedBy(ways, (id) => asks.has(id)),
  };
  return runs.map((run) => ({
    ...run,
    findings: run.findings.map((finding) => ({ ...finding, facts: { ...facts, ...finding.facts } })),
  }));
}

/** How many sessions a start and a restart would harm, as a plan counts them. */
function livesOf(seen: Observed<(typeof rowNeeds)[number]>): Facts {
  const rows = whole(seen, rowNeeds);
  if (!rows) return {};
  const { daemonSessions, runSessions } = liveSessions(rows);
  return { startHarms: runSessions.length, restartHarms: runSessions.length + daemonSessions.length };
}

/**
 * Whether what is said of a finding depends on what other checks find: it may follow from one of theirs, its repair starts
 * a daemon, which they can keep from starting, or its advice names a command of Coven that something else may keep from working.
 */
export function restsOnOthers(check: Pick<Check, 'id' | 'module' | 'causes'>, finding: Finding): boolean {
  const { status, code } = finding;
  if (status === 'pass' || status === 'skipped') return false;
  const cause = Object.hasOwn(check.causes, code) ? check.causes[code] : undefined;
  // A cause that every check can have, as what could not be seen, is told by the first check that has it.
  if (!cause || cause.remedy?.daemon !== undefined || (cause.follows ?? []).length > 0) return true;
  let isAsked = false;
  const facts = new Proxy(finding.facts, {
    get: (known, name) => {
      isAsked ||= isAdvice(String(name));
      return known[String(name)];
    },
  });
  say(check, { ...finding, facts });
  return isAsked;
}

/** Whether this module added the fact of this name. */
export const isAdvice = (fact: string): boolean =>
  /^(?:daemonVerdict|daemonPid|ledgerInUse|startHarms|restartHarms|(?:start|restart|stop|vacuum)BlockedBy)$/.test(fact);
