import { chmodSync, lstatSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { lookNow, readStart } from '../host/files.ts';
import type { Content } from '../store/answers.ts';
import { askLedger } from './ask-ledger.ts';
import { copyFile, hashFile } from './copy.ts';
import { attributesOf, type Entry, type LedgerBackup, type PresentPart } from './manifest.ts';
import { Refused } from './refused.ts';
import { partsOf } from './walk.ts';

/** Times of files may be as coarse as a clock tick of 10 ms: what was written within one would look untouched. */
const settledMs = 100;
const attempts = 5;

export interface Taken {
  readonly ledger: Omit<LedgerBackup, 'content' | 'sound'>;
  /** Of a snapshot; what raw files hold is read from a private copy of them. */
  readonly content: Content | null;
  readonly entries: readonly Entry[];
}

/**
 * Takes one ledger into `files`. Main file, WAL and shared memory byte for byte where none of them moves while they are
 * copied: nobody writes then, and the home stays as it is, which opening a ledger would change. Where they move, a
 * snapshot through SQLite, in place beside the writer. Throws Refused where neither can be had.
 */
export async function takeLedger(home: string, path: string, files: string, signal: AbortSignal): Promise<Taken> {
  let code = '';
  for (let attempt = 1; attempt <= attempts; attempt += 1) {
    const raw = await takeRaw(home, path, files, signal);
    if (raw) return raw;
    const snapshot = await takeSnapshot(home, path, files, signal);
    if (typeof snapshot !== 'string') return snapshot;
    code = snapshot;
    await sleep(settledMs * attempt, undefined, { signal });
  }
  throw new Refused(
    `${join(home, path)} is being written to and cannot be opened beside its writer (${code}), so no copy of it would be consistent; stop the daemon first: coven daemon stop`,
  );
}

async function takeRaw(home: string, path: string, files: string, signal: AbortSignal): Promise<Taken | null> {
  const before = presentParts(home, path);
  const changedMs = before.map(({ mtimeNs }) => Number(BigInt(mtimeNs) / 1_000_000n));
  const age = Date.now() - Math.max(0, ...changedMs);
  if (age >= 0 && age < settledMs) {
    await sleep(settledMs - age, undefined, { signal });
    if (!isSame(before, presentParts(home, path))) return null;
  }
  const entries: Entry[] = [];
  for (const { path: part } of before) {
    const copied = await copyFile(join(home, part), join(files, part), signal).catch((error: unknown) => {
      // What a writer rewrites all the time is left to a snapshot.
      if (error instanceof Refused && !isSame(before, presentParts(home, path))) return null;
      throw error;
    });
    if (!copied) return null;
    const { stat, size, sha256, sparse } = copied;
    entries.push({ kind: 'file', ...attributesOf(part, stat), size, sha256, sparse });
  }
  return isSame(before, presentParts(home, path))
    ? { ledger: { path, way: 'raw', stood: before }, content: null, entries }
    : null;
}

/** The snapshot, or SQLite's code for why there is none. */
async function takeSnapshot(home: string, path: string, files: string, signal: AbortSignal): Promise<Taken | string> {
  const source = join(home, path);
  const to = join(files, path);
  const stood = presentParts(home, path);
  // A WAL beside no main file, or beside an empty one, is lost when SQLite opens them.
  if (!stood.some((part) => part.path === path && part.size > 0)) return 'its main file is missing or empty';
  // Without its shared memory in place, opening a ledger makes it, and the home is left as it is.
  const isShared = stood.some((part) => part.path === `${path}-shm`);
  if (!isShared && (await isWal(source))) return 'its shared memory is missing';
  for (const part of partsOf(path)) rmSync(join(files, part), { force: true });
  const stat = lstatSync(source, { bigint: true });
  const snapshot = await askLedger('snapshot', { from: source, to }, signal);
  if ('why' in snapshot) return snapshot.why;
  chmodSync(to, 0o600);
  const entry: Entry = {
    kind: 'file',
    ...attributesOf(path, stat),
    size: lstatSync(to).size,
    sha256: await hashFile(to, signal),
    sparse: false,
  };
  return { ledger: { path, way: 'snapshot', stood }, content: snapshot.answer, entries: [entry] };
}

/** Whether a ledger is in WAL mode, by byte 18 of its header. Source: the SQLite file format, section 1.3. */
async function isWal(ledger: string): Promise<boolean> {
  const start = await readStart(ledger, 20);
  return start.state !== 'read' || start.bytes[18] !== 1;
}

/** What stands at the names of a ledger's files now, those that are there. */
export function presentParts(home: string, ledger: string): readonly PresentPart[] {
  return partsOf(ledger).flatMap((path) => {
    const stat = lookNow(join(home, path));
    if (!stat) return [];
    const { dev, ino, size, mtimeNs } = stat;
    return [{ path, dev: String(dev), ino: String(ino), size: Number(size), mtimeNs: String(mtimeNs) }];
  });
}

/** The shared memory is written through a mapping, which changes no time: it is an index that SQLite makes again. */
export function isSame(one: readonly PresentPart[], other: readonly PresentPart[]): boolean {
  const text = (stood: readonly PresentPart[]): string =>
    JSON.stringify(stood.map((part) => (part.path.endsWith('-shm') ? [part.path, part.ino] : part)));
  return text(one) === text(other);
}
