import { randomUUID } from 'node:crypto';
import { lstat, open, readdir, rename, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pidNamespace, readStat } from '../host/procfs.ts';
import type { Hit, Proof } from '../redaction/proof.ts';
import { readBundle } from './read.ts';
import { verifyMembers } from './verify.ts';

/**
 * Puts an archive at `path`, for its owner alone, when it is proven: what was written is opened again as anybody would
 * open it, and every member is scanned. Returns what must not be in it; nothing of it is then left. An error of the file
 * system is thrown, and leaves nothing either.
 */
export async function writeProven(
  path: string,
  archive: Buffer,
  prove: Proof,
  signal: AbortSignal,
): Promise<readonly Hit[]> {
  const folder = dirname(path);
  await removeLeftovers(folder);
  const temporary = join(folder, `${ownPrefix()}${randomUUID()}.tmp`);
  try {
    await writeWhole(temporary, archive);
    const hits = await scan(temporary, prove, signal);
    if (hits.length > 0) {
      await unlink(temporary);
      return hits;
    }
    const there = await lstat(path).catch(() => null);
    if (there && !there.isFile()) throw new NotAFile(`something is at ${path} that is not a regular file`);
    await rename(temporary, path);
    await syncFolder(folder);
    return [];
  } catch (error) {
    await unlink(temporary).catch(() => undefined);
    throw error;
  }
}

class NotAFile extends Error {
  readonly code = 'EEXIST';
}

async function writeWhole(path: string, bytes: Buffer): Promise<void> {
  const handle = await open(path, 'wx', 0o600);
  try {
    await handle.writeFile(bytes);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** A member that cannot be scanned is one that is not proven. */
async function scan(path: string, prove: Proof, signal: AbortSignal): Promise<readonly Hit[]> {
  const { members } = verifyMembers(await readBundle(path));
  const hits: Hit[] = [];
  for (const [name, bytes] of members) {
    signal.throwIfAborted();
    hits.push(...(await prove({ name, bytes }).catch(() => [{ member: name, rule: 'cannot-be-scanned' }])));
  }
  signal.throwIfAborted();
  return hits;
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

const ownPrefix = (): string =>
  `.coven-doctor-${pidNamespace()}-${process.pid}-${readStat(process.pid)?.startTicks ?? 0}-`;

/** What a run that was killed left here: it was not proven yet. */
async function removeLeftovers(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    const [, where, pid, ticks] = /^\.coven-doctor-(\d+)-(\d+)-(\d+)-[\da-f-]{36}\.tmp$/.exec(name) ?? [];
    if (!pid || where !== pidNamespace() || readStat(Number(pid))?.startTicks === ticks) continue;
    const path = join(folder, name);
    const there = await lstat(path).catch(() => null);
    if (there?.isFile() && there.uid === process.geteuid?.()) await unlink(path).catch(() => undefined);
  }
}
