import type { livenessNeeds } from '../model/needs.ts';
import type { Process, Seen, Silence } from '../model/observation.ts';
import { serveLockHolders } from './serve-lock.ts';

export type LivenessInput = Seen<(typeof livenessNeeds)[number]>;

/** What became of the process that daemon.json names. */
export type RecordedPid = 'none' | 'live' | 'dead' | 'zombie' | 'reused' | 'unproven';

export interface Liveness {
  readonly verdict:
    | 'running'
    | 'starting'
    | 'stopped'
    | 'stale'
    | 'hung'
    | 'slow'
    | 'unreachable'
    /** A daemon that was started for this path serves another folder: what is at this path is not its home. */
    | 'elsewhere'
    | 'duplicate'
    | 'foreign'
    | 'undetermined';
  /** The live daemon, where one is known by pid. */
  readonly pid: number | null;
  /** What proves it: the lock it holds, the answer on the socket, or its command line and environment. */
  readonly proof: 'serve-lock' | 'socket' | 'process' | 'none';
  readonly recordedPid: RecordedPid;
  /** Who listens on the socket instead of the daemon, where that is known. */
  readonly listenerPid: number | null;
  /** Sources that name another process than the proof does, in words of this module. */
  readonly disagrees: readonly ('record' | 'health' | 'lock' | 'listener')[];
}

/** A start takes milliseconds on a small ledger; a migration of a large one may take this long. */
const startingSeconds = 30;

/** A record is stamped just before its daemon is spawned. Source: Coven's launcher. */
const spawnToleranceMs = 120_000;

/**
 * The one judgement of whether a daemon is alive, from the holder of daemon-serve.lock, then who answers on the socket,
 * then daemon.json. A lock line in /proc/locks proves a holder; its absence alone proves nothing.
 */
export function judgeLiveness(observed: LivenessInput): Liveness {
  const { health, socket, record, processes } = {
    health: observed['daemon.health'],
    socket: observed['daemon.socket'],
    record: observed['daemon.record'],
    processes: observed.processes.list,
  };
  const { daemons } = serveLockHolders(observed['home.locks'], processes);
  const holder = daemons.find(({ exclusive }) => exclusive);
  const listeners = processes.filter(({ listening }) => listening);
  const answering = health.outcome === 'answered' && health.body?.apiVersion != null ? (health.body.pid ?? 0) : null;
  const recordedPid = judgeRecord(observed, holder?.pid ?? null);
  const silent = health.outcome === 'no-bytes' || socket.connect === 'full';
  const by = (
    verdict: Liveness['verdict'],
    pid: number | null,
    proof: Liveness['proof'],
    ...disagrees: Liveness['disagrees']
  ): Liveness => ({ verdict, pid: pid || null, proof, recordedPid, listenerPid: null, disagrees });
  const foreign = (listener: number | undefined, ...rest: Tail<Parameters<typeof by>>): Liveness => ({
    ...by('foreign', ...rest),
    listenerPid: listener ?? null,
  });
  // Coven refuses an answer that names another process than took up the connection.
  const relay = (daemon: number): number | null => {
    const by = socket.acceptedBy ?? daemon;
    return isCalled(daemon, by, processes) ? null : by;
  };

  if (holder) {
    const named = record.state !== 'valid' || holder.pid === 0 || recordedPid === 'live';
    const stray = named ? [] : (['record'] as const);
    if (answering !== null) {
      const between = holder.pid === 0 ? null : relay(holder.pid);
      if (between !== null) return foreign(between, holder.pid, 'serve-lock', 'listener', ...stray);
      if (isCalled(holder.pid, answering, processes)) return by('running', holder.pid, 'serve-lock', ...stray);
      if (holder.pid === 0) return by('running', ownPid(observed, answering), 'serve-lock', ...stray);
      if (socket.serves) return foreign(socket.serves.pid, holder.pid, 'serve-lock', 'health', ...stray);
      return by('duplicate', holder.pid, 'serve-lock', 'health', ...stray);
    }
    const othersListen = listeners.length > 0 && !listeners.some(({ pid }) => pid === holder.pid);
    if (socket.connect === 'accepted' || socket.connect === 'full') {
      if (othersListen) return foreign(listeners[0]?.pid, holder.pid, 'serve-lock', 'listener', ...stray);
      return by(silent ? silenceOf(health.silence) : 'running', holder.pid, 'serve-lock', ...stray);
    }
    const process = processes.find(({ pid }) => pid === holder.pid);
    const age = ageSeconds(process?.startedAt, observed.machine.now);
    const starting = age !== null && age < startingSeconds && !process?.listening;
    return by(starting ? 'starting' : 'unreachable', holder.pid, 'serve-lock', ...stray);
  }

  const owner = observed.home.uid ?? observed.machine.uid;
  const daemonsHere = processes.filter(
    ({ role, home, state, uid }) => role === 'serve' && home === 'this' && state !== 'Z' && uid === owner,
  );
  const lockless = daemonsHere.find(({ elsewhere }) => !elsewhere);
  const away = daemonsHere.find(({ elsewhere }) => elsewhere);
  if (answering !== null) {
    if (lockless && isCalled(lockless.pid, answering, processes)) return by('running', lockless.pid, 'socket', 'lock');
    // In another pid namespace neither the locks of the daemon nor its number can be seen.
    if (!observed.machine.seesEveryProcess) return by('running', ownPid(observed, answering), 'socket', 'lock');
    const ours = observed['home.locks'].method === 'none';
    return ours ? by('running', answering, 'socket', 'lock') : foreign(answering, answering, 'socket', 'lock');
  }
  if (socket.connect === 'accepted' || socket.connect === 'full') {
    if (lockless?.listening) return by(silent ? silenceOf(health.silence) : 'running', lockless.pid, 'process', 'lock');
    if (observed['home.locks'].method === 'none' || (!observed.machine.seesEveryProcess && listeners.length === 0)) {
      return by('undetermined', null, 'none');
    }
    const listener = listeners[0]?.pid;
    return foreign(listener, listener ?? null, 'none', 'listener');
  }
  if (lockless) return by('unreachable', lockless.pid, 'process', 'lock');
  if (away) return by('elsewhere', away.pid, 'process');
  if (recordedPid === 'unproven') return by('undetermined', record.pid, 'none');
  return by(recordedPid === 'none' ? 'stopped' : 'stale', null, 'none');
}

/** Slow is not hung: only two looks at least this far apart, in milliseconds, without progress between tell them apart. */
export const silenceMs = 10_000;

/** In so many looks of the time above a process that waits for a processor is met; fewer have watched nothing. */
const fewLooks = 8;
/** A process that was itself kept waiting for a second has learned nothing from the silence of another. */
const starvedMs = 1000;

/** Processor time of a daemon that does nothing. An idle Coven 0.4.6 was seen to use 20 ms in ten seconds. */
const idleCpuMs = 100;

/** Whether a daemon that gives no answer moves, or would if it were let. */
export const isAtWork = ({ cpuMs, log, runnable }: Silence): boolean => cpuMs >= idleCpuMs || log || runnable;

type Tail<T extends readonly unknown[]> = T extends readonly [unknown, ...infer Rest] ? Rest : never;

/** What the silence of a live daemon means. One that is stopped, frozen or stands still hangs; what moves, or was not watched, is slow. */
export function silenceOf(silence: Silence | undefined): 'hung' | 'slow' {
  if (!silence || silence.frozenBy !== undefined || silence.state === 'T' || silence.state === 't') return 'hung';
  if (isAtWork(silence) || silence.watchedMs < silenceMs) return 'slow';
  const isWatched = silence.state !== null && silence.looks >= fewLooks;
  return isWatched || silence.lateMs < starvedMs ? 'hung' : 'slow';
}

/** Whether a process calls itself by this number: its own, or the one that it has in its container. */
function isCalled(pid: number, number: number | null, processes: readonly Process[]): boolean {
  return pid === number || processes.some((process) => process.pid === pid && process.innerPid === number);
}

/** The number by which a daemon calls itself, where it is one of ours. */
function ownPid({ machine, processes }: LivenessInput, pid: number): number | null {
  const isOurs = processes.list.some((process) => process.pid === pid && isServe(process) && process.home === 'this');
  return machine.seesEveryProcess || isOurs ? pid : null;
}

/**
 * Whether the daemon calls itself by the number that it has in its own pid namespace, and is another one here. Coven's commands
 * for the daemon refuse that. Source: Coven 0.4.6, `daemon health reported pid 3 but the connected peer pid was 14032`.
 */
export function isNumberedApart(
  observed: Pick<LivenessInput, 'daemon.health' | 'processes'>,
  { verdict, pid }: Liveness,
): boolean {
  const said = observed['daemon.health'].body?.pid ?? null;
  const daemon = observed.processes.list.find((process) => process.pid === pid);
  return verdict === 'running' && said !== null && said !== pid && daemon?.innerPid === said;
}

/** The daemon that answers says of itself what daemon.json says: it wrote that, and listens on this socket. */
export function isConfirmed(observed: Pick<LivenessInput, 'daemon.record' | 'daemon.health'>): boolean {
  const { state, pid, startedAt } = observed['daemon.record'];
  const { body } = observed['daemon.health'];
  return state === 'valid' && body !== null && body.pid === pid && body.startedAt === startedAt;
}

/** Whether daemon.json names the live daemon of another home: it came with a copy of that one. */
export function isOfOtherHome({
  'daemon.record': record,
  processes,
}: Pick<LivenessInput, 'daemon.record' | 'processes'>): boolean {
  const named = processes.list.find(({ pid }) => pid === record.pid);
  return record.state === 'valid' && !record.socketIsOurs && named?.role === 'serve' && named.home === 'other';
}

function judgeRecord(observed: LivenessInput, holder: number | null): RecordedPid {
  const { state, pid, startedAt } = observed['daemon.record'];
  if (state !== 'valid' || pid === null) return 'none';
  if (holder !== null && isCalled(holder, pid, observed.processes.list)) return 'live';
  if (!observed.machine.seesEveryProcess && isConfirmed(observed)) return 'live';
  // Signal 0 to pid 0 reaches the caller's own group, so Coven takes pid 0 for alive and waits for ever.
  if (pid === 0) return 'reused';
  const process = observed.processes.list.find((process) => process.pid === pid);
  if (!process) return 'dead';
  if (process.state === 'Z' || process.state === 'X') return 'zombie';
  const started = process.startedAt && startedAt ? Date.parse(process.startedAt) - Date.parse(startedAt) : Number.NaN;
  if (Math.abs(started) > spawnToleranceMs) return 'reused';
  if (isServe(process) && process.home === 'this') return 'live';
  // Of a process that hides its environment it cannot be told which home it serves.
  if (process.home !== 'unreadable' || process.uid !== observed.home.uid) return 'reused';
  return isConfirmed(observed) ? 'live' : 'unproven';
}

const isServe = ({ role }: Process): boolean => role === 'serve';

/** Seconds between two ISO 8601 times, or null where either is missing or none. */
export function ageSeconds(since: string | null | undefined, now: string): number | null {
  const age = (Date.parse(now) - Date.parse(since ?? '')) / 1000;
  return Number.isFinite(age) ? age : null;
}
