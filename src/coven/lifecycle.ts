import { type lifecycleNeeds, livenessNeeds } from '../model/needs.ts';
import { type Observed, type Seen, whole } from '../model/observation.ts';
import { isDaemonAdrift } from './adrift.ts';
import { keepsFromOpening } from './automations.ts';
import { apiVersion } from './contract.ts';
import { lockNames, names, socketPathLimit } from './layout.ts';
import {
  harmOfStart,
  hasDamagedPages,
  indexOfLostRows,
  isDamaged,
  isTorn,
  isUnfinished,
  partNotFile,
} from './ledger.ts';
import { fewInodes, limitsFiles } from './limits.ts';
import { isNumberedApart, judgeLiveness, type Liveness } from './liveness.ts';
import { endsByAge } from './retention.ts';
import { coreColumns } from './tables.ts';

/** What could not be seen is null, and stands in nobody's way: only what is known to fail is told. */
export type LifecycleInput = Observed<(typeof lifecycleNeeds)[number]>;

/** The ids of the checks that name what is in the way of a command of Coven; empty where nothing is known to be. */
export interface Lifecycle {
  readonly verdict: Liveness['verdict'];
  /** The live daemon, where it is seen here as a process of this home: nobody may be advised to signal another. */
  readonly pid: number | null;
  readonly start: readonly string[];
  readonly restart: readonly string[];
  readonly stop: readonly string[];
  readonly vacuum: readonly string[];
}

/**
 * Whether `coven daemon start`, `restart` and `stop` and `coven vacuum` would work in the state seen, and harm nothing.
 * Source: what Coven 0.4.6 did in each of these states. Null where not even the daemon could be judged.
 */
export function judgeLifecycle(observed: LifecycleInput): Lifecycle | null {
  const daemon = whole(observed, livenessNeeds);
  if (!daemon) return null;
  const liveness = judgeLiveness(daemon);
  const home = [...inEveryWay(daemon, observed)];
  const reach = [...inReach(daemon, liveness)];
  const start = [...inStart(daemon, observed, liveness)];
  // Whoever ends that daemon ends what it alone has open.
  const isAdrift = isDaemonAdrift(daemon, liveness.pid);
  const end = isAdrift ? ['store:open'] : [];
  // With the home that was meant, the other commands would end a daemon that is not the one seen here.
  const meant = daemon.home.odd && !home.includes('home:path') ? ['home:path'] : [];
  return {
    verdict: liveness.verdict,
    pid: isSeen(daemon, liveness.pid) ? liveness.pid : null,
    start: [...new Set([...meant, ...home, ...reach, ...start])],
    restart: [...new Set([...home, ...reach, ...end, ...start])],
    stop: [...home, ...reach, ...end],
    vacuum: [...home, ...start.filter((id) => id.startsWith('store:') || id === 'sessions:automations')],
  };
}

const isSeen = ({ processes }: Daemon, wanted: number | null): boolean =>
  processes.list.some(
    ({ pid, role, home, elsewhere }) => pid === wanted && role === 'serve' && home === 'this' && !elsewhere,
  );

type Daemon = Seen<(typeof livenessNeeds)[number]>;

/** What every command of Coven refuses, or dies of. */
function* inEveryWay({ home, machine }: Daemon, observed: LifecycleInput): Generator<string> {
  if (!runs(observed.install)) yield 'install:binaries';
  const entries = observed['home.entries']?.list ?? [];
  const locks = entries.filter(({ name }) => (lockNames as readonly string[]).includes(name));
  const cannotBeMade = home.kind === 'absent' && !home.writable;
  if (!home.utf8 || cannotBeMade || (home.kind !== 'directory' && home.kind !== 'absent')) yield 'home:path';
  const others = [home, ...locks].some(({ uid }) => uid !== null && uid !== machine.uid);
  if (others) yield 'home:owner';
  if (observed['home.filesystem']?.readOnly) yield 'home:filesystem';
  if (entries.some(({ name }) => name === names.resetMarker)) yield 'home:reset';
  if (locks.some(({ kind, links }) => kind !== 'file' || links !== 1) || isHeld(observed, [names.stateLock]))
    yield 'home:locks';
  if (observed['home.config']?.settings?.kind === 'fifo') yield 'home:config';
  const closed = observed['home.access']?.closed ?? [];
  if (closed.some(({ name, code }) => name === names.stateLock || (name === '.' && code === 'EPERM')))
    yield 'home:access';
}

/** Whether the `coven` that a shell would run can be run, where one is there at all. */
function runs(install: LifecycleInput['install']): boolean {
  if (!install) return true;
  // A launcher runs the next one; a link to nothing is passed over.
  const first = install.covens.find(({ launcher }) => !launcher) ?? install.covens[0];
  if (!first) return install.broken.length === 0;
  return !install.broken.some(({ path }) => path === first.path);
}

/** But for a daemon of this home, whose lock ends with it. */
const isHeld = (observed: LifecycleInput, locks: readonly string[], daemon: number | null = null): boolean =>
  observed['home.held']?.held.some(({ name, pid }) => locks.includes(name) && (daemon === null || pid !== daemon)) ??
  false;

/** What a command refuses that asks who the daemon is. */
function* inReach(daemon: Daemon, liveness: Liveness): Generator<string> {
  const { verdict, recordedPid } = liveness;
  const { 'daemon.socket': socket, 'daemon.record': record, 'daemon.health': health, home } = daemon;
  const badSocket =
    (socket.kind !== 'absent' && socket.kind !== 'socket') ||
    (socket.uid !== null && socket.uid !== home.uid) ||
    (socket.mode !== null && socket.mode !== 0o600) ||
    socket.connect === 'wrong-type';
  if (badSocket || verdict === 'foreign') yield 'daemon:socket';
  const unreadable = record.state !== 'absent' && record.state !== 'valid' && record.state !== 'invalid';
  const takenForAlive = verdict === 'stale' && recordedPid !== 'dead';
  if (unreadable || takenForAlive) yield 'daemon:record';
  if (['hung', 'slow', 'unreachable', 'elsewhere', 'duplicate', 'undetermined'].includes(verdict)) yield 'daemon';
  if (verdict !== 'running') return;
  // Coven asks the daemon by the path in its record, and does not find it there.
  if (isNumberedApart(daemon, liveness) || record.namedFolder !== undefined) yield 'daemon';
  if (health.outcome !== 'answered') yield 'daemon:health';
  else if (health.body?.apiVersion !== apiVersion) yield 'daemon:contract';
  else if (health.body.capabilities?.structuredErrors !== true) yield 'daemon:capabilities';
}

/** What a start dies of, or would destroy. */
function* inStart({ home, machine, 'home.locks': locks }: Daemon, observed: LifecycleInput, { pid }: Liveness) {
  const { 'store.files': files, 'store.open': open, 'store.integrity': integrity, 'store.bytes': bytes } = observed;
  if (home.socketPathBytes > socketPathLimit(machine.platform)) yield 'home:path';
  if (isHeld(observed, [names.lifecycleLock, names.serveLock, names.schedulerLock], pid)) yield 'home:locks';
  if (observed['home.access']?.closed.some(({ name }) => name !== '.' && name !== names.stateLock)) yield 'home:access';
  else if (observed['home.access'] && limitsFiles(observed['home.access'].limits.fileBytes, files)) yield 'home:access';
  const config = observed['home.config'];
  if (config?.gateway || config?.files.some(({ name, kind }) => name === 'privacy.toml' && kind === 'fifo'))
    yield 'home:config';
  const disk = observed['home.disk'];
  if (disk && disk.totalInodes > 0 && disk.freeInodes < fewInodes.fail) yield 'home:disk';
  if (!files || !open) return;
  const harm = harmOfStart(files, open, bytes);
  const gone = open.outcome === 'missing' || open.outcome === 'empty';
  const writer = locks.ledgerWriter?.pid ?? null;
  const locked = (writer !== null || open.outcome === 'busy') && (pid === null || writer !== pid);
  const broken = ['not-a-file', 'not-a-database', 'malformed'].includes(open.outcome);
  const closed = files.main.kind === 'file' && !files.main.readable;
  // Of a ledger that is gone a start makes an empty one in silence.
  if (
    harm === 'wal-alone' ||
    harm === 'journal' ||
    partNotFile(files) ||
    (gone && files.sessionsExpected) ||
    broken ||
    closed ||
    locked
  )
    yield 'store:open';
  if (harm === 'wal-foreign' || harm === 'wal-damaged' || harm === 'wal-cut' || isTorn(files, bytes)) yield 'store:wal';
  if (observed['sessions.automations']?.automations.some(({ fault }) => keepsFromOpening(fault)))
    yield 'sessions:automations';
  const sessions = observed['store.sessions'];
  if (pid === null && sessions && endsByAge(sessions, config ?? null, machine.now)) yield 'sessions:stranded';
  const rehearsed = observed['store.rehearsal']?.outcome;
  if (rehearsed === 'refused' || rehearsed === 'crashed') yield 'store:rehearsal';
  // With the WAL of another ledger, pages and rows are of neither.
  if (open.outcome !== 'opened' || harm === 'wal-foreign') return;
  const missing = Object.entries(coreColumns).some(
    ([table, columns]) => !columns.every((column) => open.columns[table]?.includes(column)),
  );
  if (missing && !(integrity && isUnfinished(open, integrity))) yield 'store:schema';
  // What an index holds is not asked of damaged tables, so that store:index has nothing to say of them.
  if ((integrity && isDamaged(integrity)) || (bytes && hasDamagedPages(bytes))) yield 'store:integrity';
  else if (integrity && indexOfLostRows(integrity) !== null) yield 'store:index';
}
