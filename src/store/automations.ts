import type { Database } from 'better-sqlite3';
import { isActive, keepsFromOpening, type Needed, readDefinition } from '../coven/automations.ts';
import { refuseViews } from '../sqlite/ordinary.ts';
import { whole } from '../sqlite/whole.ts';
import type { AutomationRow, AutomationRows } from './answers.ts';

const [most, mostRemoved, runsOfEach, longestDefinition, longestReason] = [200, 1000, 20, 256 * 1024, 2000];

/**
 * Every automation of the ledger that is not removed, or keeps the ledger from being opened; null where there are none. `unread` names the
 * first thing that could not be read, since nothing is known of that part.
 */
export function readAutomations(db: Database): AutomationRows | null {
  let unread: AutomationRows['unread'] = null;
  /** A later Coven may keep them otherwise, and a table may be damaged. */
  const tryTo = <T>(read: () => T, part: NonNullable<AutomationRows['unread']>, otherwise: T): T => {
    try {
      return read();
    } catch {
      unread ??= part;
      return otherwise;
    }
  };
  const rows = tryTo(() => readRows(db), 'definitions', []);
  if (rows === null) return null;
  const [kept, removed] = [rows.filter((row) => row.removed === 0), rows.filter((row) => row.removed !== 0)];
  if (kept.length > most || removed.length > mostRemoved) unread = 'more';
  const list = [...kept.slice(0, most), ...removed.slice(0, mostRemoved)].flatMap((row): readonly AutomationRow[] => {
    const needed = row.json === null ? tooLarge : readDefinition(row.json, row.digest);
    if (row.removed !== 0 && (needed.fault === null || needed.fault === 'too-large')) return [];
    if (row.lifecycle === 'invalid' && needed.fault === null)
      return [{ called: row.id, active: false, ...needed, fault: 'invalid', ...noRuns }];
    const active = isActive(row) && row.removed === 0;
    const runs = active ? tryTo(() => runsOf(db, row.id), 'runs', noRuns) : noRuns;
    return [{ called: row.id, active, ...needed, ...runs }];
  });
  const sweep = tryTo(() => lastSweep(db), 'last-pass', null);
  if (list.length > most) unread = 'more';
  const first = [...list.filter(isInTheWay), ...list.filter((one) => !isInTheWay(one))].slice(0, most);
  return rows.length === 0 && unread === null ? null : { list: first, unread, lastSweep: sweep };
}

const isInTheWay = ({ fault }: AutomationRow): boolean => keepsFromOpening(fault);

/** Those that are not removed come first, so that none of them is beyond the bound for the sake of a removed one. */
function readRows(db: Database): readonly Row[] | null {
  const isThere = db.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'automation_definitions'");
  if (!isThere.get()) return null;
  const part = ['attempts', 'definitions', 'occurrences', 'retry_state', 'runs', 'scheduler_last_pass'];
  refuseViews(db, ['sessions', ...part.map((name) => `automation_${name}`)]);
  const read = (condition: string, limit: number): readonly Row[] =>
    db
      .prepare(
        `SELECT ${whole('id', 128)}, ${whole('status', 64)}, ${whole('lifecycle_state', 64, 'lifecycle')},
                ${whole('definition_digest', 128, 'digest')}, tombstoned_at IS NOT NULL AS removed,
                CASE WHEN octet_length(definition_json) <= ${longestDefinition} THEN CAST(definition_json AS TEXT) END AS json
           FROM automation_definitions WHERE ${condition} ORDER BY id LIMIT ${limit + 1}`,
      )
      .all() as Row[];
  return [...read('tombstoned_at IS NULL', most), ...read('tombstoned_at IS NOT NULL', mostRemoved)];
}

interface Row {
  readonly id: string;
  readonly status: unknown;
  readonly lifecycle: unknown;
  readonly digest: string | null;
  readonly removed: number;
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

const tooLarge: Needed = { fault: 'too-large', cwd: null, runtime: null, familiar: null };
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
      `SELECT ${whole('r.status', 64, 'status')}, ${whole('r.started_at', 40, 'at')}, ${whole('r.timeout_at', 40, 'until')}, ${whole('r.session_id', 128, 'sessionId')},
              ${whole('s.status', 64, 'ended')}, ${whole('o.failure_reason', longestReason, 'reason')},
              (SELECT ${whole('failure_class', 64)} FROM automation_attempts WHERE run_id = r.id ORDER BY attempt_number DESC LIMIT 1) AS failure
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
    .prepare(`SELECT ${whole('finished_at', 40, 'at')}, ${whole('status', 64)},
              CASE WHEN typeof(failures) = 'integer' THEN failures END AS failures FROM automation_scheduler_last_pass LIMIT 1`)
    .get() as { at: string | null; status: unknown; failures: number | null } | undefined;
  return pass && pass.at !== null ? { at: pass.at, failed: pass.status === 'failed', failures: pass.failures } : null;
}
