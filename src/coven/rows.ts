import { livenessNeeds } from '../model/needs.ts';
import type { Process, Seen, SessionRow } from '../model/observation.ts';
import { harnessCommands } from './contract.ts';
import { judgeLiveness } from './liveness.ts';

/** What the judgement of `running` rows rests on. */
export const rowNeeds = [...livenessNeeds, 'store.open', 'store.sessions'] as const;

type Rows = Seen<(typeof rowNeeds)[number]>;

/** Why it cannot be told whether a row's process lives. */
export type Doubt =
  | 'other-namespaces'
  | 'hidden-environment'
  | 'other-command'
  | 'other-process'
  | 'daemon-unclear'
  | 'one-look'
  | 'just-begun';

export interface RowJudgement {
  readonly live: readonly SessionRow[];
  /** Alive, but its daemon is gone. */
  readonly unowned: readonly SessionRow[];
  readonly orphaned: readonly SessionRow[];
  readonly doubtful: readonly {
    readonly row: SessionRow;
    readonly doubt: Doubt;
  }[];
  readonly external: number;
  /** Live `coven run` whose row a start of the daemon has called orphaned. */
  readonly marked: readonly { readonly id: string; readonly pid: number }[];
  /** Live `coven run` that none of these rows was written by. */
  readonly unmatchedRuns: number;
}

/** A row is written just before its process is spawned; on a busy machine that takes seconds. */
export const launchSeconds = 30;

/** By then its process is there on a machine that is not busy; before it, a row without one tells nothing. */
const usualLaunchSeconds = 2;

/** Between the start of a `coven run` and its row; the kernel's boot time is known to the second only. */
const runRowSeconds = { before: 2, after: 15 };

/** Harness names that Coven knows by itself; rows name the others. Source: Coven's list of configured harnesses. */
const harnessPrograms = [...harnessCommands, 'grok', 'hermes', 'opencode'];

/**
 * Sorts the `running` rows by what is proven of their process. The ledger holds no pid: a daemon's harness is known by
 * the session id in its environment, the row of a live `coven run` by its time alone.
 */
export function judgeRows(observed: Rows): RowJudgement {
  const { verdict } = judgeLiveness(observed);
  const running = observed['store.sessions'].open.filter(({ status }) => status === 'running');
  const rows = running.filter(({ external }) => !external);
  const processes = observed.processes.list.filter(({ state }) => state !== 'Z' && state !== 'X');
  const daemonLives = verdict === 'running';
  const now = Date.parse(observed.machine.now);

  const result = {
    live: [] as SessionRow[],
    unowned: [] as SessionRow[],
    orphaned: [] as SessionRow[],
  };
  const doubtful: { row: SessionRow; doubt: Doubt }[] = [];
  const commands = processes.filter(({ role, home }) => (role === 'run' || role === 'other-coven') && home !== 'other');
  const { matched, unmatched } = matchRuns(rows, commands);
  const hidden = processes.some((process) => isHiddenHarness(process, rows));

  for (const row of rows) {
    const carriers = processes.filter((process) => process.sessionId === row.id || isUnmarkedHarness(process, row));
    if (carriers.some(({ ownerPid }) => ownerPid !== null) || matched.has(row.id)) result.live.push(row);
    else if (carriers.some((process) => isProvenHarness(process, row))) result.unowned.push(row);
    else if (daemonLives && now - Date.parse(row.createdAt) < launchSeconds * 1000) {
      const isLate = now - Date.parse(row.createdAt) >= usualLaunchSeconds * 1000;
      if (isLate && carriers.length === 0 && doubtOf() === null) doubtful.push({ row, doubt: 'just-begun' });
      else result.live.push(row);
    } else {
      const doubt = doubtOf() ?? (carriers.length > 0 ? 'other-process' : null);
      if (doubt) doubtful.push({ row, doubt });
      else result.orphaned.push(row);
    }
  }
  const unmatchedRuns = unmatched.filter(({ role }) => role === 'run').length;
  // A start marks every running row that is not its own; one that no process carries may be that of the run. Source: Coven 0.4.6.
  const orphans = observed['store.sessions'].latest.filter(({ status }) => status === 'orphaned');
  const uncarried = rows.filter(({ id }) => !processes.some(({ sessionId }) => sessionId === id));
  const marked = commands
    .filter(({ role, home, startedAt }) => {
      const isRun = role === 'run' && home === 'this';
      return isRun && !uncarried.some((row) => isRowOf(row, startedAt));
    })
    .flatMap(({ pid, startedAt }) => orphans.filter((row) => isRowOf(row, startedAt)).map(({ id }) => ({ id, pid })));
  return { ...result, marked, doubtful, external: running.length - rows.length, unmatchedRuns };

  function doubtOf(): Doubt | null {
    if (!observed.machine.seesEveryProcess) return 'other-namespaces';
    if (verdict !== 'running' && verdict !== 'stopped' && verdict !== 'stale') return 'daemon-unclear';
    if (hidden) return 'hidden-environment';
    if (unmatched.length > 0) return 'other-command';
    return daemonLives && observed['store.sessions'].looks < 2 ? 'one-look' : null;
  }
}

/** Ids of the sessions that live: those of the daemon, which a restart ends, and others, which a start calls orphaned. */
export interface LiveSessions {
  readonly daemonSessions: readonly string[];
  readonly runSessions: readonly string[];
}

export function liveSessions(observed: Rows): LiveSessions {
  const { live, doubtful } = judgeRows(observed);
  const { pid } = judgeLiveness(observed);
  const owned = new Set(
    observed.processes.list
      .filter(({ ownerPid }) => ownerPid === pid && pid !== null)
      .map(({ sessionId }) => sessionId),
  );
  const ids = (rows: typeof live): readonly string[] => rows.map(({ id }) => id);
  return {
    daemonSessions: ids(live.filter(({ id }) => owned.has(id))),
    // A row in doubt may be that of a live `coven run`: it is counted as one.
    runSessions: [...ids(live.filter(({ id }) => !owned.has(id))), ...ids(doubtful.map(({ row }) => row))],
  };
}

/** Their ids: what a step that ends or disturbs live work is agreed to for. */
export const liveIds = ({ daemonSessions, runSessions }: LiveSessions): readonly string[] =>
  [...new Set([...daemonSessions, ...runSessions])].sort();

/** Pairs each live command that may own a session with the row written just after it began. */
function matchRuns(
  rows: readonly SessionRow[],
  commands: readonly Process[],
): { readonly matched: ReadonlySet<string>; readonly unmatched: readonly Process[] } {
  const matched = new Set<string>();
  const unmatched: Process[] = [];
  for (const command of commands) {
    const row = rows.find((row) => !matched.has(row.id) && isRowOf(row, command.startedAt));
    if (row) matched.add(row.id);
    else unmatched.push(command);
  }
  return { matched, unmatched };
}

/** Whether a row was written just after a `coven run` began. */
function isRowOf({ createdAt }: Pick<SessionRow, 'createdAt'>, startedAt: string | null): boolean {
  const age = (Date.parse(createdAt) - Date.parse(startedAt ?? '')) / 1000;
  return age >= -runRowSeconds.before && age <= runRowSeconds.after;
}

/**
 * In a project that is no git repository a harness carries the home and no session id (seen on Coven 0.4.6). It is then
 * known as the leader of a session, or the child of a daemon, that began just after the row was written.
 */
export function isUnmarkedHarness(process: Process, { createdAt }: SessionRow): boolean {
  const { home, role, sessionId, standalone, sessionLeader, ppid, ownerPid, startedAt } = process;
  if (home !== 'this' || role !== 'other' || sessionId !== null || standalone) return false;
  return (sessionLeader || ppid === ownerPid) && beganWith(startedAt, createdAt, launchSeconds);
}

/**
 * A harness leads a session of its own, and its terminal is gone with its daemon, or it is called as its row says. What
 * else carries the mark of a session or began with it may be its harness or a neighbour: a server that it started, a
 * terminal multiplexer.
 */
export function isProvenHarness(
  { sessionLeader, deadTerminal, command }: Process,
  { harness }: Pick<SessionRow, 'harness'>,
): boolean {
  return sessionLeader && (deadTerminal || command === harness);
}

/** Whether a process began between just before a row was written and `seconds` after it. */
function beganWith(startedAt: string | null, createdAt: string, seconds: number): boolean {
  const age = (Date.parse(startedAt ?? '') - Date.parse(createdAt)) / 1000;
  return age >= -runRowSeconds.before && age <= seconds;
}

/** A process that hides its environment and, by its name or the time it began, may be the harness of a row. */
export function isHiddenHarness(process: Process, rows: readonly SessionRow[]): boolean {
  if (process.home !== 'unreadable' || process.own || process.role === 'serve') return false;
  return (
    harnessPrograms.includes(process.command) ||
    rows.some(
      ({ harness, createdAt }) => harness === process.command || beganWith(process.startedAt, createdAt, launchSeconds),
    )
  );
}
