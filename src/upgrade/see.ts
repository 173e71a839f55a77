import { announced } from '../coven/capabilities.ts';
import { withoutAnswer, withoutLedger } from '../coven/gates.ts';
import { names } from '../coven/layout.ts';
import { judgeLiveness, type LivenessInput } from '../coven/liveness.ts';
import { judgeRows, rowNeeds } from '../coven/rows.ts';
import { livenessNeeds } from '../model/needs.ts';
import { type Observations, type Observed, type Seen, whole } from '../model/observation.ts';
import type { DaemonState, SessionStanding, SessionsState, UpgradeState } from './state.ts';

/** Observations that a state is made of. */
export const stateNeeds = [
  ...new Set([
    ...livenessNeeds,
    ...rowNeeds,
    'home.entries' as const,
    'daemon.capabilities' as const,
    'install' as const,
    'store.rows' as const,
    'store.rehearsal' as const,
  ]),
];

/**
 * The version of the `coven` that a shell would run: from its npm package, or else from its own answer when it was run on a
 * copy of the ledger. A program without a package is asked in no other way, because Coven's commands write.
 */
export const installedVersion = (
  install: Pick<Observations['install'], 'covens'> | null,
  rehearsal: Pick<Observations['store.rehearsal'], 'version'> | null,
): string | null => install?.covens.find(({ ours }) => !ours)?.version ?? rehearsal?.version ?? null;

/** Observations; null if they failed. */
export type StateInput = Observed<(typeof stateNeeds)[number]>;

/** The state of a home from its observations; null for parts that could not be observed. */
export function stateOf(
  observed: StateInput,
  about: Pick<UpgradeState, 'tool' | 'runId' | 'at' | 'home' | 'salt' | 'requirements'>,
): UpgradeState {
  const live = whole(observed, livenessNeeds);
  const rows = whole(observed, rowNeeds);
  const counted = whole(observed, ['home', 'home.entries', 'store.open', 'store.rows']);
  return {
    schemaVersion: 1,
    ...about,
    installed: installedVersion(observed.install, observed['store.rehearsal']),
    daemon: live && daemonState(live, observed['daemon.capabilities']?.body ?? null),
    ledger: counted && ledgerState(counted),
    sessions: rows && sessionsState(rows),
  };
}

function daemonState(seen: LivenessInput, catalogue: DaemonState['catalogue']): UpgradeState['daemon'] {
  const { verdict } = judgeLiveness(seen);
  if (verdict === 'stopped' || verdict === 'stale') return 'none';
  if (withoutAnswer(seen) !== undefined) return null;
  const { body } = seen['daemon.health'];
  return {
    version: body?.covenVersion ?? null,
    contract: body?.apiVersion ?? null,
    startedAt: body?.startedAt ?? null,
    process: processOf(seen),
    capabilities: [...announced(body)].map(([name, value]) => ({ name, value })),
    catalogue,
  };
}

/** The identity of the daemon's process, which no later process can share; null if it cannot be seen from here. */
export function processOf(seen: LivenessInput): DaemonState['process'] {
  const { pid: daemon } = judgeLiveness(seen);
  const found = seen.processes.list.find(({ pid }) => pid === daemon);
  const { bootId } = seen.machine;
  return found && bootId !== null ? { bootId, pid: found.pid, startTicks: found.startTicks } : null;
}

function ledgerState(seen: Seen<'home' | 'home.entries' | 'store.open' | 'store.rows'>): UpgradeState['ledger'] {
  const { 'home.entries': entries, 'store.rows': rows } = seen;
  if (withoutLedger(seen) === 'no-ledger') return 'none';
  const file = entries.list.find(({ name }) => name === names.ledger);
  if (!file || rows.outcome !== 'read') return null;
  return { dev: file.dev, ino: file.ino, tables: rows.tables };
}

function sessionsState(seen: Seen<(typeof rowNeeds)[number]>): SessionsState | null {
  const { outcome, byStatus, open, openComplete } = seen['store.sessions'];
  if (outcome !== 'read') return null;
  const { live, unowned, orphaned } = judgeRows(seen);
  const standingOf = (row: (typeof open)[number]): SessionStanding => {
    if (row.external) return 'external';
    if (row.status === 'created') return 'created';
    if (live.includes(row)) return 'live';
    if (unowned.includes(row)) return 'unowned';
    return orphaned.includes(row) ? 'gone' : 'doubtful';
  };
  return {
    byStatus: Object.entries(byStatus).map(([status, count]) => ({ status, count })),
    open: open.map((row) => ({ id: row.id, status: row.status, standing: standingOf(row) })),
    openComplete,
  };
}
