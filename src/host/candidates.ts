import { setTimeout as sleep } from 'node:timers/promises';
import { markers } from '../coven/contract.ts';
import type { Candidate } from './belonging.ts';
import * as proc from './procfs.ts';
import { isServe } from './roles.ts';

/** Looks at a process that waits for a device, each a while after the other: on a busy disk a page can take half a second. */
const waitingLooks = 25;
const waitingPauseMs = 40;

/** What is read of a process before it is known whether it has to do with this home. */
export async function readCandidate(found: proc.Stat, proven: boolean): Promise<Candidate> {
  let now: proc.Stat | null = found;
  // Reading the memory of a process in state D can block behind the lock that it waits for; most wait for a moment.
  for (let looks = 1; now?.state === 'D' && looks < waitingLooks; looks += 1) {
    await sleep(waitingPauseMs);
    now = proc.readStat(found.pid);
  }
  const readable = now !== null && now.state !== 'D' && now.state !== 'Z';
  const environ = readable ? proc.readEnviron(found.pid, [...Object.values(markers), 'HOME']) : null;
  if (environ === null) now = proc.readStat(found.pid);
  // One that ended while it was looked at hides nothing.
  const gone = now === null || now.state === 'Z' || now.state === 'X' || now.startTicks !== found.startTicks;
  const argv = (readable && proc.readArgv(found.pid)) || [];
  return {
    ...found,
    argv,
    environ: gone ? {} : environ,
    proven,
    serves: isServe(argv) && (proven || servesItself(found.pid)),
  };
}

/**
 * Beside each nonInteractive session Coven 0.4.6 keeps a fork of the daemon, of the same command line, that has nothing
 * but a pipe. A daemon has locks open from its first moment and a socket from then on, also where its home is gone.
 */
function servesItself(pid: number): boolean {
  const open = proc.descriptors(pid)?.map((fd) => proc.descriptor(pid, fd));
  return (
    open?.some((path) => path.startsWith('socket:') || /\/(state|daemon-serve)\.lock( \(deleted\))?$/.test(path)) ??
    true
  );
}

/** Pids of the owner's processes that listen on a Unix socket bound inside the home. */
export function listeners(
  canonical: string,
  stats: ReadonlyMap<number, proc.Stat>,
  owner: number,
): ReadonlySet<number> {
  const inodes = proc.listenersBelow(canonical);
  const found = new Set<number>();
  if (inodes.size === 0) return found;
  for (const { pid, uid } of stats.values()) {
    if (uid !== owner) continue;
    const sockets = proc.descriptors(pid)?.map((fd) => /^socket:\[(\d+)\]$/.exec(proc.descriptor(pid, fd))?.[1]);
    if (sockets?.some((inode) => inode !== undefined && inodes.has(inode))) found.add(pid);
  }
  return found;
}
