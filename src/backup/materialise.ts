import { chmodSync, lchownSync, linkSync, lstatSync, lutimesSync, mkdirSync, readlinkSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { copyFile, hashFile } from './copy.ts';
import type { Entry, Manifest } from './manifest.ts';

/** Node sets times in whole microseconds, from seconds in a double. */
const timeToleranceNs = 2000n;

/**
 * Makes what a backup holds in `target`, a folder that is not there yet: kinds, bytes, modes, times, links and, for root,
 * owners. What was told and not copied is not made.
 */
export async function materialise(
  folder: string,
  manifest: Manifest,
  target: string,
  signal: AbortSignal,
): Promise<void> {
  for (const entry of manifest.entries) {
    const to = join(target, entry.path);
    if (entry.kind === 'directory') mkdirSync(to, { mode: 0o700 });
    else if (entry.kind === 'symlink') symlinkSync(entry.target, to);
    else if (entry.kind === 'hard-link') linkSync(join(target, entry.to), to);
    else if (entry.kind === 'file') {
      const copied = await copyFile(join(folder, 'files', entry.path), to, signal);
      if (!copied) throw new Error(`${entry.path} is missing`);
    }
  }
  // Last first: what is made in a folder changes its time, and its mode may close it.
  for (const entry of manifest.entries.toReversed()) dress(entry, join(target, entry.path));
}

export function dress(entry: Entry, to: string): void {
  if (!isMade(entry) || entry.kind === 'hard-link') return;
  if (process.geteuid?.() === 0) lchownSync(to, entry.uid, entry.gid);
  if (entry.kind !== 'symlink') chmodSync(to, entry.mode);
  const seconds = Number(entry.mtimeNs) / 1e9;
  lutimesSync(to, seconds, seconds);
}

export const isMade = ({ kind }: Entry): boolean => ['directory', 'file', 'symlink', 'hard-link'].includes(kind);

/** How what was made in `target` differs from what the manifest tells, or null. */
export async function difference(manifest: Manifest, target: string, signal: AbortSignal): Promise<string | null> {
  for (const entry of manifest.entries) {
    const why = isMade(entry) ? await differs(entry, target, signal) : null;
    if (why) return `${entry.path}: ${why}`;
  }
  return null;
}

async function differs(entry: Entry, target: string, signal: AbortSignal): Promise<string | null> {
  const at = join(target, entry.path);
  const stat = lstatSync(at, { bigint: true, throwIfNoEntry: false });
  if (!stat) return 'it is missing';
  if (entry.kind === 'hard-link')
    return lstatSync(join(target, entry.to), { bigint: true }).ino === stat.ino ? null : 'it is another file';
  if (entry.kind === 'symlink') {
    if (!stat.isSymbolicLink() || readlinkSync(at) !== entry.target) return 'it leads elsewhere';
  } else if (Number(stat.mode & 0o7777n) !== entry.mode) return 'its mode differs';
  if (process.geteuid?.() === 0 && (Number(stat.uid) !== entry.uid || Number(stat.gid) !== entry.gid))
    return 'its owner differs';
  const late = stat.mtimeNs - BigInt(entry.mtimeNs);
  if (late > timeToleranceNs || late < -timeToleranceNs) return 'its time differs';
  if (entry.kind === 'directory') return stat.isDirectory() ? null : 'it is no folder';
  if (entry.kind !== 'file') return null;
  if (!stat.isFile()) return 'it is no file';
  if (Number(stat.size) !== entry.size) return 'its size differs';
  return (await hashFile(at, signal)) === entry.sha256 ? null : 'its bytes are not those that were copied';
}
