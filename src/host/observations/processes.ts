import { realpath } from 'node:fs/promises';
import { basename } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import * as v from 'valibot';
import { daemonParticipant } from '../../coven/contract.ts';
import { names } from '../../coven/layout.ts';
import { adriftOf, lostLocksOf } from '../adrift.ts';
import { belongings, type Candidate } from '../belonging.ts';
import { listeners, readCandidate } from '../candidates.ts';
import { elsewhereOf } from '../elsewhere.ts';
import { identityAt, placeOfLedger } from '../ledger-place.ts';
import type { Look } from '../look.ts';
import * as proc from '../procfs.ts';
import { isServe, roleOf } from '../roles.ts';
import {
  filePath,
  flag,
  id,
  kernelNumber,
  list,
  maybe,
  name,
  number,
  oneOf,
  text,
  time,
  type ValueOf,
} from '../shape.ts';
import { posixHolders } from './home-locks.ts';

const process_ = () =>
  v.object({
    pid: number,
    /** Its number in its own pid namespace, by which it calls itself. */
    innerPid: number,
    ppid: number,
    /** Clock ticks after boot; with pid, boot and namespace the identity of a process. */
    startTicks: kernelNumber,
    startedAt: maybe(time),
    uid: number,
    /** One letter as in proc(5): R S D Z T t X I. */
    state: text,
    sessionLeader: flag,
    /** A standard stream is a pseudo terminal whose master is gone. */
    deadTerminal: flag,
    /** `helper`: what a daemon forked off to watch over a session, under the daemon's command line. */
    role: oneOf(['serve', 'helper', 'run', 'other-coven', 'harness', 'other']),
    /** Last part of its first argument. */
    command: text,
    /** The nearest daemon or `coven run` of this home that it descends from. */
    ownerPid: maybe(number),
    /** Which home its environment names, compared by device and inode; `unreadable` where it may not be read. */
    home: oneOf(['this', 'other', 'none', 'unreadable']),
    /** Session id of its maintenance participant, where a daemon launched it. */
    sessionId: maybe(id),
    /** The participant names a standalone `coven run`. */
    standalone: flag,
    /** Has the ledger, its WAL or its shared memory open. */
    ledgerOpen: flag,
    /** Listens on a Unix socket that was bound inside this home. */
    listening: flag,
    /** The doctor itself, or an ancestor of it. */
    own: flag,
    /** Of the harness of a session: the folder that it works in was removed beneath it. */
    folderGone: v.exactOptional(flag),
    /** Of a daemon whose files are not those at this path: where they are, and what lies between. */
    elsewhere: v.exactOptional(
      v.object({
        folder: filePath,
        why: oneOf(['mount', 'namespace', 'moved']),
        mountPoint: v.exactOptional(filePath),
      }),
    ),
    /** Of a daemon or a `coven run` whose ledger was deleted or replaced beneath it: what of it, and where it can still be read. */
    adrift: v.exactOptional(
      v.object({ part: name, at: oneOf(['nothing', 'another']), mainFd: number, walFd: maybe(number) }),
    ),
    /** Of the same: lock files that it has open and that are not those at their paths any more. */
    lostLocks: v.exactOptional(list(name)),
  });
export type Process = ValueOf<typeof process_>;
export type Role = Process['role'];

export const schema = () =>
  v.object({
    /**
     * Every process that has to do with this home, and every pid that its files name. Each is held against every open
     * session, and some against every other process.
     */
    list: list(process_(), 5000),
    complete: flag,
  });
export type Processes = ValueOf<typeof schema>;

/**
 * Processes that have to do with this home: those whose environment names it, that hold its locks or its ledger, that
 * listen inside it, and those that daemon.json names, whatever they are. Of an environment only the two markers are
 * looked at, of a command line only what tells a daemon from a harness.
 */
export async function take({ home: path, observe, signal }: Look): Promise<Processes> {
  const [home, machine, record, locks] = await Promise.all([
    observe('home'),
    observe('machine'),
    observe('daemon.record'),
    observe('home.locks'),
  ]);
  const place = await placeOfLedger(path);
  const holders = Promise.all([identityAt(place.main), identityAt(place.shm)]).then((files) =>
    posixHolders(files.filter((file) => file !== null)),
  );
  // It is awaited below; what comes before that may fail first.
  holders.catch(() => undefined);
  const pids = proc.allPids();
  if (!pids) return (await import('../processes-portable.ts')).seeProcessesPortably(record, signal);

  const stats = new Map<number, proc.Stat>();
  let pause = performance.now() + sliceMs;
  const pauseNow = async (): Promise<void> => {
    await turn();
    pause = performance.now() + sliceMs;
  };
  for (const pid of pids) {
    if (performance.now() > pause) await pauseNow();
    const found = proc.readStat(pid);
    if (found) stats.set(pid, found);
  }
  const canonical = home.kind === 'directory' ? await realpath(path).catch(() => path) : path;
  const ledgerPids = await holders;
  const lockPids = new Set(locks.files.flatMap(({ holders }) => holders.map(({ pid }) => pid)));
  const statePids = new Set(locks.files.find(({ name }) => name === names.stateLock)?.holders.map(({ pid }) => pid));
  const named = new Set([...ledgerPids, ...lockPids, ...(record.pid === null ? [] : [record.pid])]);
  const listening = listeners(canonical, stats, home.uid ?? machine.uid);
  const own = ancestors(process.pid, stats);
  const boot = proc.bootTime();

  const owner = home.uid ?? machine.uid;
  const proven = new Set([...lockPids, ...listening]);
  const candidates = new Map<number, Candidate>();
  for (const found of stats.values()) {
    if ((found.uid !== owner || found.kernel) && !named.has(found.pid)) continue;
    if (performance.now() > pause) await pauseNow();
    candidates.set(found.pid, await readCandidate(found, proven.has(found.pid)));
  }
  const belonging = belongings(candidates, home, canonical);
  const list: Omit<Process, 'ownerPid'>[] = [];
  for (const found of candidates.values()) {
    const { home: where, participant } = await belonging(found);
    const wanted = named.has(found.pid) || listening.has(found.pid) || where === 'this';
    const unreadableLeader = where === 'unreadable' && found.session === found.pid && found.state !== 'Z';
    // This program is no session's harness, whatever it inherited and however it was started.
    const away = where === 'this' && found.serves ? elsewhereOf(found.pid, canonical) : null;
    const isThis = found.pid === process.pid && !named.has(found.pid);
    if (isThis || (!wanted && !unreadableLeader)) continue;
    const role =
      isServe(found.argv) && !found.serves
        ? 'helper'
        : roleOf(found.argv, statePids.has(found.pid), participant !== null);
    const keepsLedger = where === 'this' && !away && (role === 'serve' || role === 'run');
    const adrift = keepsLedger ? await adriftOf(found.pid, place) : null;
    const lostLocks = keepsLedger ? lostLocksOf(found.pid, path) : [];
    list.push({
      pid: found.pid,
      innerPid: proc.innerPid(found.pid),
      ppid: found.ppid,
      startTicks: found.startTicks,
      startedAt: proc.startedAt(found.startTicks, boot),
      uid: found.uid,
      state: found.state,
      sessionLeader: found.session === found.pid,
      deadTerminal: proc.hasDeadTerminal(found.pid),
      role,
      command: basename(found.argv[0] ?? ''),
      home: where,
      sessionId: participant?.startsWith(daemonParticipant) ? participant.slice(daemonParticipant.length) : null,
      standalone: participant?.startsWith('session-') ?? false,
      ledgerOpen: ledgerPids.has(found.pid),
      listening: listening.has(found.pid),
      own: own.has(found.pid),
      ...(role === 'harness' && proc.isFolderGone(found.pid) && { folderGone: true }),
      ...(away && { elsewhere: away }),
      ...(adrift && { adrift }),
      ...(lostLocks.length > 0 && { lostLocks }),
    });
  }
  return { list: withOwners(list, stats), complete: machine.seesEveryProcess };
}

/** The nearest daemon or `coven run` of this home above each process, through parents that say nothing themselves. */
function withOwners(
  list: readonly Omit<Process, 'ownerPid'>[],
  stats: ReadonlyMap<number, proc.Stat>,
): readonly Process[] {
  const owners = new Set(list.filter(({ role }) => role === 'serve' || role === 'run').map(({ pid }) => pid));
  return list.map((process) => ({
    ...process,
    ownerPid: [...ancestors(process.pid, stats)].slice(1).find((pid) => owners.has(pid)) ?? null,
  }));
}

/** A process and its parents, nearest first. */
function ancestors(pid: number, stats: ReadonlyMap<number, proc.Stat>): ReadonlySet<number> {
  const chain = new Set<number>();
  for (let at = stats.get(pid); at && !chain.has(at.pid); at = stats.get(at.ppid)) chain.add(at.pid);
  return chain;
}

/** Milliseconds of reading /proc after which others have a turn: a machine may have some ten thousand processes. */
const sliceMs = 20;
