import {
  closeSync,
  constants,
  fchmodSync,
  fstatSync,
  lstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  writeFileSync,
} from 'node:fs';
import { realpath } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { entryOf, type FileId, isSame, openFolder, type Placed } from '../host/folder.ts';
import { type Outside, openOutside, Unsafe } from '../host/outside.ts';
import { createPrivate, removeTree } from '../host/private.ts';
import { readStat } from '../host/procfs.ts';
import { probe } from '../lifecycle/probe.ts';

/** A training home, and the folder beside it that proves that we created it. Nothing of ours is in the home itself. */
export interface Place {
  readonly home: string;
  /** An empty folder for what a fault needs outside the home. */
  readonly beside: string;
  /** Records that the home was created, so that it may be replaced, and the process that keeps its fault alive. */
  readonly note: (standsBy: number | null) => Promise<void>;
}

export interface Refusal {
  readonly refused: string;
}

interface Marker {
  readonly madeBy: typeof maker;
  /** The identity of what was at the home's path when it was created; null for nothing. */
  readonly home: FileId | null;
  /** The process that keeps a live fault alive. */
  readonly process: { readonly pid: number; readonly startTicks: string } | null;
  /** The path of the home, if it differs from the named path. */
  readonly inside: string | null;
}

const maker = 'coven-doctor simulate';
const markerName = 'marker.json';
const markerLimit = 4096;
const suffix = '.simulated';
const oldName = 'old';

/**
 * Makes room for a training home at `path`, an absolute one whose parent exists. What stands there is replaced only if
 * `PATH.simulated` beside it says that it was made here, it is the same file by device and inode, and no daemon lives
 * on it. `inside` names a folder below `beside` that holds the home instead. Throws Unsafe where another user can turn
 * the path elsewhere, and what the file system says.
 */
export async function makePlace(path: string, inside: string | null, signal: AbortSignal): Promise<Place | Refusal> {
  const above = dirname(path);
  const real = await realpath(above).catch(() => null);
  if (real === null) return { refused: `${above} does not exist; make that folder first` };
  if (real !== above)
    return { refused: `${above} is reached through a symbolic link; name ${join(real, basename(path))}` };
  const parent = openOutside(above);
  if (parent.exposed !== null)
    throw new Unsafe(`${path}: ${parent.exposed}, who could turn it elsewhere; name a path in a folder of your own`);
  const name = basename(path);
  const refused = await clear({ parent, name }, path, signal);
  if (refused !== null) return { refused };

  const bench = `${path}${suffix}`;
  const beside = join(bench, 'beside');
  // Another user may need to enter it.
  mkdirSync(entryOf(parent, `${name}${suffix}`), { mode: 0o711 });
  const opened = { ...openFolder(entryOf(parent, `${name}${suffix}`)), path: bench };
  fchmodSync(opened.fd, 0o711);
  mkdirSync(entryOf(opened, 'beside'), { mode: 0o700 });
  const home = inside === null ? path : join(beside, inside, 'home');
  if (inside !== null) mkdirSync(dirname(home), { recursive: true, mode: 0o700 });
  const note: Place['note'] = async (pid) => {
    const stat = pid === null ? null : readStat(pid);
    writeMarker(opened, {
      madeBy: maker,
      home: identityOf(entryOf(parent, name)),
      process: stat && { pid: stat.pid, startTicks: stat.startTicks },
      inside,
    });
  };
  await note(null);
  return { home, beside, note };
}

interface Named {
  readonly parent: Outside;
  readonly name: string;
}

/** Removes what an earlier run created; returns the reason if that cannot be proven. */
async function clear({ parent, name }: Named, path: string, signal: AbortSignal): Promise<string | null> {
  const home = identityOf(entryOf(parent, name));
  const bench = `${name}${suffix}`;
  if (!lstatSync(entryOf(parent, bench), { throwIfNoEntry: false }))
    return home && `${path} exists, and was not made by ${maker}; name a path where nothing is`;
  const folder = openOurs(parent, bench);
  const marker = folder && readMarker(folder);
  if (!marker) return `${path}${suffix} exists, and was not made by ${maker}; name another path`;
  if (home && !isSame(home, marker.home))
    return `${path} is not what ${maker} made there; move it away, or name another path`;
  const stands = marker.process && readStat(marker.process.pid)?.startTicks === marker.process.startTicks;
  if (stands) return `process ${marker.process.pid} keeps a fault standing there; end it first`;
  const place = marker.inside === null ? path : join(`${path}${suffix}`, 'beside', marker.inside, 'home');
  const { verdict } = await probe(place, signal);
  if (verdict !== 'stopped' && verdict !== 'stale')
    return `a daemon of ${path} may be alive (${verdict}); end it first`;
  if (home) {
    renameSync(entryOf(parent, name), entryOf(folder, oldName));
    // What is moved may have been replaced since it was examined.
    if (!isSame(identityOf(entryOf(folder, oldName)), marker.home)) {
      renameSync(entryOf(folder, oldName), entryOf(parent, name));
      return `${path} changed while it was looked at; nothing was removed`;
    }
  }
  removeTree(parent, bench);
  return null;
}

/** The folder of that name, if it belongs to this user and nobody else can write to it. */
function openOurs(parent: Outside, name: string): Placed | null {
  try {
    const folder = openFolder(entryOf(parent, name));
    const isOurs = folder.uid === process.geteuid?.() && (folder.mode & 0o022) === 0;
    return isOurs ? { ...folder, path: join(parent.path, name) } : null;
  } catch {
    return null;
  }
}

function identityOf(path: string): FileId | null {
  const stat = lstatSync(path, { bigint: true, throwIfNoEntry: false });
  return stat ? { dev: String(stat.dev), ino: String(stat.ino) } : null;
}

function readMarker(bench: Placed): Marker | null {
  try {
    const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
    const fd = openSync(entryOf(bench, markerName), flags);
    try {
      const stat = fstatSync(fd);
      if (!stat.isFile() || stat.uid !== bench.uid || stat.size > markerLimit) return null;
      const marker = JSON.parse(readFileSync(fd, 'utf8')) as Marker;
      return marker.madeBy === maker ? marker : null;
    } finally {
      closeSync(fd);
    }
  } catch {
    return null;
  }
}

function writeMarker(bench: Placed, marker: Marker): void {
  const next = `${markerName}.next`;
  removeTree(bench, next);
  const fd = createPrivate(bench, next);
  try {
    writeFileSync(fd, `${JSON.stringify(marker)}\n`);
  } finally {
    closeSync(fd);
  }
  renameSync(entryOf(bench, next), entryOf(bench, markerName));
}
