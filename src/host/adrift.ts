import { statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { lockNames, names } from '../coven/layout.ts';
import { lookNow } from './files.ts';
import type { LedgerPlace } from './ledger-place.ts';
import { descriptor, descriptors } from './procfs.ts';

/** A ledger that a process has open and that is not the one at its path: what it writes there goes with the process. */
export interface Adrift {
  /** The first part of it that is another file than the one at its path. */
  readonly part: string;
  /** Whether nothing, or another file, is at that path. */
  readonly at: 'nothing' | 'another';
  /** Descriptors by which its main file and its WAL can still be read. */
  readonly mainFd: number;
  readonly walFd: number | null;
}

/** Milliseconds between two looks: a connection that is closed meanwhile takes its WAL away, and opens it anew. */
const pauseMs = 50;

/**
 * Whether a process writes to a ledger that was deleted or replaced beneath it, by device and inode: what any of its descriptors
 * of a part leads to, against what is at the path. Null where they are the same, where it has none open, or where its descriptors
 * may not be seen. The paths of a daemon in a container are its own, so that only the names of the files are compared.
 */
export async function adriftOf(pid: number, place: LedgerPlace): Promise<Adrift | null> {
  const first = seen(pid, place);
  if (!first) return null;
  await sleep(pauseMs);
  const again = seen(pid, place);
  return again?.part === first.part && again.mainFd === first.mainFd ? again : null;
}

/** Locks that a process holds open and that are not the files at their paths any more: they keep nobody out. Coven never removes one. */
export function lostLocksOf(pid: number, home: string): readonly string[] {
  const lost = (descriptors(pid) ?? []).flatMap((fd) => {
    const name = basename(descriptor(pid, fd).replace(/ \(deleted\)$/, ''));
    if (!lockNames.some((lock) => lock === name)) return [];
    const [open, there] = [identityOf(pid, fd), lookNow(join(home, name))];
    return open && open.id !== (there && `${there.dev}:${there.ino}`) ? [name] : [];
  });
  return [...new Set(lost)];
}

function seen(pid: number, place: LedgerPlace): Adrift | null {
  const fds = descriptors(pid);
  if (!fds) return null;
  // Those that it opened first are its own for good; later ones come and go with requests.
  const paths = fds
    .toSorted((a, b) => a - b)
    .map((fd) => ({ fd, name: basename(descriptor(pid, fd).replace(/ \(deleted\)$/, '')) }));
  const parts = [
    { part: names.ledger, path: place.main },
    { part: names.wal, path: place.wal },
    { part: names.shm, path: place.shm },
  ].map(({ part, path }): Part => {
    const there = lookNow(path);
    const open = paths
      .filter(({ name }) => isOfLedger(name, place) && partOf(name) === part)
      .flatMap(({ fd }) => {
        const found = identityOf(pid, fd);
        return found ? [{ fd, ...found }] : [];
      });
    return { part, there: there && `${there.dev}:${there.ino}`, open };
  });
  const isOther = ({ open, there }: Part): boolean => open.some((file) => isLost(file, there, open));
  const lost = parts.find(isOther);
  const [main, wal] = parts;
  const mainFd = main && fdOf(main);
  if (!lost || mainFd === undefined) return null;
  const at = lost.there === null ? 'nothing' : 'another';
  return { part: lost.part, at, mainFd, walFd: (wal && fdOf(wal)) ?? null };
}

/** One that was moved aside has mostly kept the beginning of its name. */
const isOfLedger = (name: string, { main }: LedgerPlace): boolean =>
  !name.endsWith('-journal') && (name.startsWith(names.ledger) || name.startsWith(basename(main)));

const partOf = (name: string): string =>
  name.endsWith('-wal') ? names.wal : name.endsWith('-shm') ? names.shm : names.ledger;

interface Open {
  readonly fd: number;
  readonly id: string;
  readonly links: bigint;
}
interface Part {
  readonly part: string;
  readonly there: string | null;
  readonly open: readonly Open[];
}

/** What has no name any more is lost with the process; what has another one is, where nothing that it has open is at the path. */
const isLost = ({ id, links }: Open, there: string | null, open: readonly Open[]): boolean =>
  id !== there && (links === 0n || !open.some((other) => other.id === there));

const fdOf = ({ open, there }: Part): number | undefined =>
  (open.find((file) => isLost(file, there, open)) ?? open[0])?.fd;

function identityOf(pid: number, fd: number): Omit<Open, 'fd'> | null {
  try {
    const { dev, ino, nlink } = statSync(`/proc/${pid}/fd/${fd}`, { bigint: true });
    return { id: `${dev}:${ino}`, links: nlink };
  } catch {
    return null;
  }
}
