import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import * as v from 'valibot';
import { lockNames } from '../../coven/layout.ts';
import type { Entry } from '../../model/observation.ts';
import { isShortage, look as lookAt } from '../files.ts';
import { identityAt, placeOfLedger } from '../ledger-place.ts';
import type { Look } from '../look.ts';
import { textOfProc } from '../proc-file.ts';
import { allPids, descriptor, descriptors, holdsLock, openFiles, readStat } from '../procfs.ts';
import { flag, list, maybe, name, number, oneOf, text, type ValueOf } from '../shape.ts';

export const schema = () =>
  v.object({
    /** `proc-locks` names holders; `none` where the platform shows no locks. */
    method: oneOf(['proc-locks', 'none']),
    files: list(
      v.object({
        name,
        holders: list(
          v.object({
            /** 0 for a process of another pid namespace. */
            pid: number,
            exclusive: flag,
          }),
        ),
      }),
    ),
    /** The process that held SQLite's write lock on the ledger at every look, and for how long that was watched. */
    ledgerWriter: maybe(v.object({ pid: number, watchedMs: number, command: v.exactOptional(maybe(text)) })),
    /** Processes that held one read transaction on the ledger at two looks apart: while one lasts, its WAL cannot begin anew. */
    ledgerReaders: v.exactOptional(list(v.object({ pid: number, command: maybe(text) }), 20)),
  });
export type Locks = ValueOf<typeof schema>;
export type LockHolder = Locks['files'][number]['holders'][number];

interface Line {
  readonly kind: string;
  readonly exclusive: boolean;
  readonly pid: number;
  readonly inode: string;
  readonly device: string;
  readonly start: bigint;
  readonly end: bigint;
}

/** SQLite's WAL write lock is byte 120 of the shared memory file. Source: SQLite, walIndexLockOffset. */
const walWriteByte = 120n;
/** The locks of its read marks. Source: SQLite, WAL_READ_LOCK. */
const walReadBytes = [123n, 127n] as const;
const readerLooks = 8;
/** Looks at a writer, `pauseMs` apart; more where it was seen at work, which takes long on a busy machine. */
const writerLooks = { idle: 20, working: 40, pauseMs: 50 };

/**
 * Who holds the locks of this home, from /proc/locks and without taking one. A line proves a holder; no line proves
 * nothing where other pid namespaces may hide one.
 */
export async function take({ home, observe, signal }: Look): Promise<Locks> {
  const { list } = await observe('home.entries');
  const files = lockNames.flatMap((name) => list.find((entry) => entry.name === name) ?? []);
  // After the entries: a daemon takes its lock before it makes its socket.
  const lines = await readLocksLater();
  if (!lines)
    return {
      method: 'none',
      files: files.map(({ name }) => ({ name, holders: [] })),
      ledgerWriter: null,
    };
  const place = await placeOfLedger(home);
  const shm = await identityAt(place.shm);
  const readers = await watchReaders(shm, lines, signal);
  return {
    method: 'proc-locks',
    files: files.map((file) => ({ name: file.name, holders: holders(lines, file) })),
    ledgerWriter: await watchWriter(shm, lines, place.wal, signal),
    ...(readers.length > 0 && { ledgerReaders: readers }),
  };
}

/** Who holds a flock on one file, as far as the kernel tells it here. */
export function flockHolders(file: Pick<Entry, 'name' | 'dev' | 'ino'>): readonly LockHolder[] {
  return holders(readLocks() ?? [], file);
}

/** The same of many files, by one reading. */
export async function holdersOf(
  files: readonly Pick<Entry, 'name' | 'dev' | 'ino'>[],
): Promise<readonly (readonly LockHolder[])[]> {
  const lines = files.length === 0 ? [] : ((await readLocksLater()) ?? []);
  return files.map((file) => holders(lines, file));
}

function holders(lines: readonly Line[], file: Pick<Entry, 'name' | 'dev' | 'ino'>): readonly LockHolder[] {
  return lines
    .filter((line) => line.kind === 'FLOCK' && isOn(line, file))
    .map((line) => ({ pid: holderOf(line, file), exclusive: line.exclusive }));
}

/**
 * A write lock is a fault only where it does not end: it is watched for a second before it is named. A writer that takes
 * it again and again is told by the WAL, which changes. Looks are counted, and not time: a busy machine delays the
 * writer and us alike.
 */
async function watchWriter(
  shm: Pick<Entry, 'dev' | 'ino'> | null,
  first: readonly Line[],
  wal: string,
  signal: AbortSignal,
): Promise<Locks['ledgerWriter']> {
  if (!shm) return null;
  const writer = (lines: readonly Line[] | null): number | undefined =>
    lines?.find(
      (line) =>
        line.kind === 'POSIX' &&
        line.exclusive &&
        isOn(line, shm) &&
        line.start <= walWriteByte &&
        line.end >= walWriteByte,
    )?.pid;
  const pid = writer(first);
  if (pid === undefined) return null;
  const start = performance.now();
  const before = await written(wal);
  let looks: number = writerLooks.idle;
  for (let n = 0; n < looks; n += 1) {
    await sleep(writerLooks.pauseMs, undefined, { signal });
    if (writer(await readLocksLater()) !== pid || (await written(wal)) !== before) return null;
    if (/[RD]/.test(readStat(pid)?.state ?? '')) looks = writerLooks.working;
  }
  return { pid, watchedMs: Math.round(performance.now() - start), command: commandOf(pid) };
}

/** Who reads on one snapshot: a reader that ends and begins anew may take the same lock, but not at every look. */
async function watchReaders(
  shm: Pick<Entry, 'dev' | 'ino'> | null,
  first: readonly Line[],
  signal: AbortSignal,
): Promise<NonNullable<Locks['ledgerReaders']>> {
  if (!shm) return [];
  const [from, to] = walReadBytes;
  const readers = (lines: readonly Line[]): ReadonlySet<number> =>
    new Set(
      lines
        .filter(
          (line) => line.kind === 'POSIX' && line.pid > 0 && line.start <= to && line.end >= from && isOn(line, shm),
        )
        .map(({ pid }) => pid),
    );
  let left = readers(first);
  for (let look = 1; look < readerLooks && left.size > 0; look += 1) {
    await sleep(writerLooks.pauseMs, undefined, { signal });
    const now = readers((await readLocksLater()) ?? []);
    left = new Set([...left].filter((pid) => now.has(pid)));
  }
  return [...left].slice(0, 20).map((pid) => ({ pid, command: commandOf(pid) }));
}

const commandOf = (pid: number): string | null => textOfProc(`/proc/${pid}/comm`)?.trim() || null;

/** Size and time of a WAL: both stand still while a transaction is merely held. */
async function written(wal: string): Promise<string> {
  const stat = await lookAt(wal).catch(() => null);
  return `${stat?.size} ${stat?.mtimeNs}`;
}

/** Pids that hold any SQLite (POSIX) lock on one of `files`. */
export async function posixHolders(files: readonly Pick<Entry, 'dev' | 'ino'>[]): Promise<ReadonlySet<number>> {
  const lines = await readLocksLater();
  return new Set(
    (lines ?? [])
      .filter((line) => line.kind === 'POSIX' && files.some((file) => isOn(line, file)))
      .map((line) => line.pid),
  );
}

/**
 * Unlike other files of /proc, this one is not there at once: the kernel stops those who take locks meanwhile, and waits some 10 ms
 * until all have seen that, unless somebody else has just read it. Source: percpu_down_write in fs/locks.c of Linux.
 */
async function readLocksLater(): Promise<readonly Line[] | null> {
  const text = await readFile('/proc/locks', 'latin1').catch((error: unknown) => {
    if (isShortage(error)) throw error;
    return null;
  });
  return text === null ? null : parseLocks(text);
}

function readLocks(): readonly Line[] | null {
  const text = textOfProc('/proc/locks');
  return text === null ? null : parseLocks(text);
}

/** Lines of /proc/locks: `1: FLOCK  ADVISORY  WRITE 6237 fe:00:2146363 0 EOF`. Those that wait (`->`) hold nothing. */
export function parseLocks(text: string): readonly Line[] {
  return text.split('\n').flatMap((line) => {
    const match = /^\d+: (\S+)\s+\S+\s+(READ|WRITE)\s+(-?\d+)\s+([0-9a-f]+:[0-9a-f]+):(\d+)\s+(\d+)\s+(\d+|EOF)/.exec(
      line,
    );
    if (!match) return [];
    const [, kind = '', mode, pid, device = '', inode = '', start = '0', end] = match;
    return {
      kind,
      exclusive: mode === 'WRITE',
      pid: Math.max(0, Number(pid)),
      device,
      inode,
      start: BigInt(start),
      end: end === 'EOF' ? 2n ** 63n : BigInt(end ?? 0),
    };
  });
}

/**
 * The process that holds a flock. The kernel names the one that took it, which may have passed its descriptor on and
 * be gone, its number even be another's by now; who holds it is known by the descriptor. 0 where none is to be seen.
 */
function holderOf({ pid }: Line, file: Pick<Entry, 'name' | 'ino'>): number {
  const holds = (pid: number): boolean | null => {
    const fds = descriptors(pid);
    if (!fds) return readStat(pid) ? null : false;
    return fds.some((fd) => descriptor(pid, fd).endsWith(`/${file.name}`) && holdsLock(pid, fd, file.ino));
  };
  // Whose descriptors may not be read is believed to be what the kernel says.
  if (pid > 0 && holds(pid) !== false) return pid;
  return allPids()?.find((other) => holds(other)) ?? 0;
}

/**
 * On btrfs and overlayfs the device of /proc/locks is not that of stat: there an equal inode counts when the holder
 * has the very file open.
 */
function isOn(line: Line, file: Pick<Entry, 'dev' | 'ino'>): boolean {
  if (line.inode !== file.ino) return false;
  const dev = BigInt(file.dev);
  const major = ((dev >> 8n) & 0xfffn) | ((dev >> 32n) & ~0xfffn);
  const minor = (dev & 0xffn) | ((dev >> 12n) & ~0xffn);
  const hex = (part: bigint): string => part.toString(16).padStart(2, '0');
  if (line.device === `${hex(major)}:${hex(minor)}`) return true;
  return openFiles(line.pid)?.some(({ dev, ino }) => dev === file.dev && ino === file.ino) ?? false;
}
