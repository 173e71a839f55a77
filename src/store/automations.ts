import type { Database } from 'better-sqlite3';
import { isActive, type Needed, readDefinition } from '../coven/automations.ts';
import { refuseViews } from '../sqlite/ordinary.ts';
import type { AutomationRow, AutomationRows } from './answers.ts';
import { whole } from './whole.ts';

const [most, runsOfEach, longestDefinition, longestReason] = [200, 20, 256 * 1024, 2000];

/** Every automation of the ledger that is not removed, or keeps the ledger from being opened; null where there are none. */
export function readAutomations(db: Database): AutomationRows | null {
  try {
    const isThere = db.prepare("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'automation_definitions'");
    if (!isThere.get()) return null;
    const part = ['attempts', 'definitions', 'occurrences', 'retry_state', 'runs', 'scheduler_last_pass'];
    refuseViews(db, ['sessions', ...part.map((name) => `automation_${name}`)]);
    const rows = db
      .prepare(
        `SELECT ${whole('id', 128)}, status, lifecycle_state AS lifecycle, definition_digest AS digest, tombstoned_at AS removedAt,
                CASE WHEN octet_length(definition_json) <= ${longestDefinition} THEN CAST(definition_json AS TEXT) END AS json
           FROM automation_definitions ORDER BY id LIMIT ${most + 1}`,
      )
      .all() as Row[];
    if (rows.length === 0) return null;
    const list = rows.slice(0, most).flatMap((row) => {
      const needed = row.json === null ? unseen : readDefinition(row.json, row.digest);
      if (row.removedAt !== null && needed.fault === null) return [];
      if (row.lifecycle === 'invalid' && needed.fault === null)
        return [{ called: row.id, active: false, ...needed, fault: 'invalid' as const, ...noRuns }];
      const active = isActive(row) && row.removedAt === null;
      return [{ called: row.id, active, ...needed, ...(active ? runsOf(db, row.id) : noRuns) }];
    });
    return { list, complete: rows.length <= most, lastSweep: lastSweep(db) };
  } catch {
    // A later Coven may keep them otherwise, and a damaged table is told by the checks of the pages.
    return null;
  }
}

interface Row {
  readonly id: string;
  readonly status: unknown;
  readonly lifecycle: unknown;
  readonly digest: string | null;
  readonly removedAt: unknown;
  readonly json: string | null;
}

interface Run {
  readonly status: string;
  readonly at: string;
  readonly until: string | null;
  readonly sessionId: string | null;
  readonly ended: string | null;
  readonly reason: string | null;
  readonly failure: string | null;
}

const interrupted = ['killed', 'cancelled', 'orphaned'];

const unseen: Needed = { fault: null, cwd: null, runtime: null, familiar: null };
const noRuns = {
  quarantinedAt: null,
  failed: 0,
  runs: 0,
  lastAt: null,
  failure: null,
  reason: null,
  sessionId: null,
  overdueSince: null,
};

function runsOf(db: Database, id: string): Omit<AutomationRow, 'called' | 'active' | keyof Needed> {
  const runs = db
    .prepare(
      `SELECT r.status, ${whole('r.started_at', 40, 'at')}, ${whole('r.timeout_at', 40, 'until')}, ${whole('r.session_id', 128, 'sessionId')},
              s.status AS ended, substr(o.failure_reason, 1, ${longestReason}) AS reason,
              (SELECT failure_class FROM automation_attempts WHERE run_id = r.id ORDER BY attempt_number DESC LIMIT 1) AS failure
         FROM automation_runs AS r LEFT JOIN automation_occurrences AS o ON o.id = r.occurrence_id
                                   LEFT JOIN sessions AS s ON s.id = r.session_id
        WHERE r.automation_id = ? ORDER BY r.started_at DESC LIMIT ${runsOfEach}`,
    )
    .all(id) as Run[];
  // What somebody ended, or what lost its daemon, says nothing of what comes next.
  const over = runs.filter(({ status, ended }) => status !== 'running' && !interrupted.includes(ended ?? ''));
  const good = over.findIndex(({ status }) => status !== 'failed' && status !== 'timed_out');
  const failed = over.slice(0, good === -1 ? undefined : good);
  const open = runs.find(({ status }) => status === 'running');
  const quarantined = db
    .prepare(`SELECT ${whole('quarantined_at', 40, 'at')} FROM automation_retry_state WHERE automation_id = ?`)
    .pluck()
    .get(id) as string | null | undefined;
  return {
    quarantinedAt: quarantined ?? null,
    failed: failed.length,
    runs: over.length,
    lastAt: failed[0]?.at ?? null,
    failure: failed[0]?.failure ?? null,
    reason: failed[0]?.reason ?? null,
    sessionId: failed[0]?.sessionId ?? null,
    overdueSince: open?.until ?? null,
  };
}

function lastSweep(db: Database): AutomationRows['lastSweep'] {
  const pass = db
    .prepare(`SELECT ${whole('finished_at', 40, 'at')}, status, failures FROM automation_scheduler_last_pass LIMIT 1`)
    .get() as { at: string; status: unknown; failures: number | null } | undefined;
  return pass ? { at: pass.at, failed: pass.status === 'failed', failures: pass.failures } : null;
}
