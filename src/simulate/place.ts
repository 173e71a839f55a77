import { constants } from 'node:fs';
import { lstat, mkdir, open, realpath, rename, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { probe } from '../control/probe.ts';
import { readStat } from '../host/procfs.ts';

/** A home for training, and the folder beside it that tells whose it is: nothing of ours lies in the home itself. */
export interface Place {
  readonly home: string;
  /** An empty folder for what a fault needs outside the home. */
  readonly beside: string;
  /** Notes the home as made, so that it may be made again; the process that keeps it standing, too. */
  readonly note: (standsBy: number | null) => Promise<void>;
}

export interface Refusal {
  readonly refused: string;
}

interface Identity {
  readonly dev: string;
  readonly ino: string;
}

interface Marker {
  readonly madeBy: typeof maker;
  /** What stood at the home's path when it was made; null for nothing. */
  readonly home: Identity | null;
  /** The process that keeps a live fault standing. */
  readonly process: { readonly pid: number; readonly startTicks: string } | null;
  /** Where the home lies, if not at the path that was named. */
  readonly inside: string | null;
}

const maker = 'coven-doctor simulate';
const markerLimit = 4096;

/**
 * Makes room for a training home at `path`, an absolute one whose parent exists. What stands there is replaced only if
 * `PATH.simulated` beside it says that it was made here, it is the same file by device and inode, and no daemon lives
 * on it. `inside` names a folder below `beside` that holds the home instead. Rejects where the file system refuses.
 */
export async function makePlace(path: string, inside: string | null, signal: AbortSignal): Promise<Place | Refusal> {
  const parent = dirname(path);
  const real = await realpath(parent).catch(() => null);
  if (real === null) return { refused: `${parent} does not exist; make that folder first` };
  if (real !== parent)
    return { refused: `${parent} is reached through a symbolic link; name ${join(real, basename(path))}` };
  const bench = `${path}.simulated`;
  const refused = await clear(path, bench, signal);
  if (refused !== null) return { refused };

  const beside = join(bench, 'beside');
  // Another user may have to pass through.
  await mkdir(bench, { mode: 0o711 });
  await mkdir(beside, { mode: 0o700 });
  const home = inside === null ? path : join(beside, inside, 'home');
  await mkdir(dirname(home), { recursive: true, mode: 0o700 });
  const note: Place['note'] = async (pid) => {
    const stat = pid === null ? null : readStat(pid);
    await writeMarker(bench, {
      madeBy: maker,
      home: await identityOf(path),
      process: stat && { pid: stat.pid, startTicks: stat.startTicks },
      inside,
    });
  };
  await note(null);
  return { home, beside, note };
}

/** Removes what an earlier run made; the reason where it is not proven that it did. */
async function clear(path: string, bench: string, signal: AbortSignal): Promise<string | null> {
  const [home, folder] = await Promise.all([identityOf(path), lstat(bench).catch(() => null)]);
  if (folder === null) return home && `${path} exists, and was not made by ${maker}; name a path where nothing is`;
  const isOurs = folder.isDirectory() && folder.uid === process.geteuid?.() && (folder.mode & 0o022) === 0;
  const marker = isOurs ? await readMarker(bench) : null;
  if (marker === null) return `${bench} exists, and was not made by ${maker}; name another path`;
  if (home && !isSame(home, marker.home))
    return `${path} is not what ${maker} made there; move it away, or name another path`;
  const stands = marker.process && readStat(marker.process.pid)?.startTicks === marker.process.startTicks;
  if (stands) return `process ${marker.process.pid} keeps a fault standing there; end it first`;
  const { verdict } = await probe(marker.inside === null ? path : join(bench, 'beside', marker.inside, 'home'), signal);
  if (verdict !== 'stopped' && verdict !== 'stale')
    return `a daemon of ${path} may be alive (${verdict}); end it first`;
  const old = join(bench, 'old');
  if (home) {
    await rename(path, old);
    // What is moved may be another than what was looked at.
    if (!isSame(await identityOf(old), marker.home)) {
      await rename(old, path);
      return `${path} changed while it was looked at; nothing was removed`;
    }
  }
  await rm(bench, { recursive: true });
  return null;
}

const isSame = (one: Identity | null, other: Identity | null): boolean =>
  one !== null && other !== null && one.dev === other.dev && one.ino === other.ino;

async function identityOf(path: string): Promise<Identity | null> {
  const stat = await lstat(path, { bigint: true }).catch(() => null);
  return stat && { dev: String(stat.dev), ino: String(stat.ino) };
}

async function readMarker(bench: string): Promise<Marker | null> {
  try {
    const file = await open(
      join(bench, 'marker.json'),
      constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK,
    );
    try {
      const stat = await file.stat();
      if (!stat.isFile() || stat.size > markerLimit) return null;
      const marker = JSON.parse(await file.readFile('utf8')) as Marker;
      return marker.madeBy === maker ? marker : null;
    } finally {
      await file.close();
    }
  } catch {
    return null;
  }
}

async function writeMarker(bench: string, marker: Marker): Promise<void> {
  const next = join(bench, 'marker.next');
  await writeFile(next, `${JSON.stringify(marker)}\n`, { mode: 0o600 });
  await rename(next, join(bench, 'marker.json'));
}
