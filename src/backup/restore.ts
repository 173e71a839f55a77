import { chmodSync, existsSync, mkdirSync, readlinkSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { lockNames, names } from '../coven/layout.ts';
import { lookNow, modeOf } from '../host/files.ts';
import type { Stage } from '../model/stage.ts';
import type { Newer } from '../store/protocol.ts';
import { askLedger } from './ask-ledger.ts';
import { hashFile } from './copy.ts';
import { isSound, judgeLedger } from './judgement.ts';
import { type Entry, type Manifest, parentOf } from './manifest.ts';
import { dress, isMade } from './materialise.ts';
import { checkRoom, stages } from './place.ts';
import { contentDifference, proveInto } from './prove.ts';
import { Refused } from './refused.ts';
import { settleNow } from './settle.ts';
import { sync, syncAll } from './sync.ts';
import { takeLedger } from './take-ledger.ts';
import { partsOf } from './walk.ts';

/** Of one process or one moment, and the story that the log tells: these stay as they are. */
const stays = (path: string): boolean =>
  (lockNames as readonly string[]).includes(path) ||
  ([names.socket, names.record, names.resetMarker] as readonly string[]).includes(path) ||
  path.startsWith(names.recoveryLog);

/** What a restore would do, and what would be lost by it; nothing of the home has been touched. */
export interface Prepared {
  readonly home: string;
  /** Names that would have the bytes and modes of the backup again. */
  readonly replaced: readonly string[];
  /** Rows newer than the backup; null with SQLite's code where the ledger that is there cannot be read. */
  readonly newer: Newer | { readonly unreadable: string };
}

/**
 * Proves a backup once more, puts on the stage of a run what differs from it, and tells what is newer than it. Throws Refused
 * for a backup that is not proven or not sound, and for a home that is being written to.
 */
export async function prepareRestore(
  { path: folder, manifest }: { readonly path: string; readonly manifest: Manifest },
  stage: Stage,
  signal: AbortSignal,
): Promise<Prepared> {
  const { home, run } = stage;
  if (existsSync(join(home, names.resetMarker)))
    throw new Refused(`a reset of ${home} was cut off; finish it first: rerun the coven reset that was begun`);
  checkRoom(run, home, manifest.bytes, manifest.entries.length, 3);
  const tree = join(run, stages.proof);
  const known = new Map(manifest.ledgers.map((ledger) => [ledger.path, ledger.content]));
  const proof = await proveInto(folder, manifest, known, tree, signal);
  if (!proof.proven) throw new Refused(`${folder} is not proven: ${proof.why}; choose another backup`);
  if (!proof.sound)
    throw new Refused(
      `${folder} holds a damaged ledger, as it was; choose one that \`backup list\` calls sound, or copy by hand what you need of ${join(folder, 'files')}`,
    );
  const ledgers = manifest.ledgers.map(({ path }) => path);
  const places = new Map(ledgers.map((path) => [path, stage.ledger(path)]));
  const now = join(run, 'now');
  const newer = await newerRows(home, now, tree, manifest, signal);
  for (const path of ledgers) await completeLedger(path, tree, manifest, signal);
  const onDisk = manifest.entries.filter((entry) => isOnDisk(entry) && existsSync(join(tree, entry.path)));
  await syncAll(
    tree,
    onDisk.map(({ path }) => path),
    signal,
  );
  const replaced = new Set<string>();
  const folders = new Set<string>();
  const comesWith = (path: string): boolean => path !== '.' && (folders.has(path) || comesWith(parentOf(path)));
  /** A real folder, with real folders above it: nothing is looked up through a symlink. */
  const isFolder = (path: string): boolean =>
    lookNow(join(home, path))?.isDirectory() === true && (path === '.' || isFolder(parentOf(path)));
  const put = ({ path }: Entry): void => {
    replaced.add(path);
    take(join(tree, path), stage.entry(path));
  };
  for (const entry of manifest.entries)
    if (entry.kind === 'directory' && !comesWith(entry.path) && !isFolder(entry.path)) {
      folders.add(entry.path);
      put(entry);
    }
  for (const path of ledgers) {
    const place = places.get(path);
    if (comesWith(path) || !place) continue;
    replaced.add(path);
    await settleNow(home, path, now, place.settled, signal);
    take(join(tree, path), place.main);
  }
  const parts = new Set(ledgers.flatMap(partsOf));
  for (const entry of manifest.entries) {
    const { kind, path } = entry;
    if (kind === 'directory' || parts.has(path) || stays(path)) continue;
    if (comesWith(path)) {
      if (isMade(entry)) replaced.add(path);
      continue;
    }
    const follows = kind === 'hard-link' && replaced.has(entry.to);
    if (follows || !(await isThere(entry, home, signal))) put(entry);
  }
  return { home, replaced: [...replaced], newer };
}

/** Moves what was proven to the stage. A folder that its own mode closes is open while it is moved, since its `..` changes. */
function take(from: string, to: string): void {
  chmodSync(dirname(from), 0o700);
  const stat = lookNow(from);
  const isClosed = stat?.isDirectory() === true && (modeOf(stat) & 0o700) !== 0o700;
  if (isClosed) chmodSync(from, 0o700);
  renameSync(from, to);
  if (isClosed) chmodSync(to, modeOf(stat));
  sync(dirname(to));
}

const isOnDisk = ({ kind }: Entry): boolean => kind === 'file' || kind === 'directory';

/** Makes the ledger of a proven tree one complete main file, with what the WAL of a raw backup holds in it. */
async function completeLedger(path: string, tree: string, manifest: Manifest, signal: AbortSignal): Promise<void> {
  const main = join(tree, path);
  const whole = `${main}.whole`;
  const above = manifest.entries.find((entry) => entry.path === parentOf(path));
  chmodSync(dirname(main), 0o700);
  const snapshot = await askLedger('snapshot', { from: main, to: whole }, signal);
  if ('why' in snapshot) throw new Refused(`${path} of the backup cannot be staged (${snapshot.why})`);
  const read = await askLedger('content', { copy: whole }, signal);
  const expected = manifest.ledgers.find((ledger) => ledger.path === path)?.content;
  if (
    'why' in read ||
    !isSound(await judgeLedger(whole, signal)) ||
    !expected ||
    contentDifference(expected, read.answer)
  )
    throw new Refused(`${path} of the backup does not hold the same rows when it is staged; choose another backup`);
  for (const part of partsOf(path)) rmSync(join(tree, part), { force: true });
  renameSync(whole, main);
  const entry = manifest.entries.find((entry) => entry.path === path);
  if (entry) dress(entry, main);
  if (above) dress(above, dirname(main));
  sync(main);
}

/** What the ledger that is there holds beyond the backup's, from a private copy of it in `now`. */
async function newerRows(
  home: string,
  now: string,
  tree: string,
  manifest: Manifest,
  signal: AbortSignal,
): Promise<Prepared['newer']> {
  const path = names.ledger;
  const other = partsOf(path).find((part) => lookNow(join(home, part))?.isFile() === false);
  if (other !== undefined) return { unreadable: `${other} is no regular file` };
  mkdirSync(now, { mode: 0o700 });
  const { ledger, entries } = await takeLedger(home, path, now, signal);
  if (ledger.way === 'snapshot')
    throw new Refused(`${join(home, path)} is being written to; stop it: coven daemon stop`);
  if (!manifest.ledgers.some((ledger) => ledger.path === path))
    return { newSessions: [], changedSessions: [], events: 0 };
  if (!entries.some((entry) => entry.path === path)) return { unreadable: 'it is missing' };
  const newer = await askLedger('newer', { ledger: join(now, path), than: join(tree, path) }, signal);
  return 'why' in newer ? { unreadable: newer.why } : newer.answer;
}

/** Whether an entry of the backup is in the home as it is in the backup. Owners are not touched by a restore. */
async function isThere(entry: Entry, home: string, signal: AbortSignal): Promise<boolean> {
  const at = join(home, entry.path);
  const now = lookNow(at);
  if (entry.kind === 'symlink') return now?.isSymbolicLink() === true && readlinkSync(at) === entry.target;
  if (entry.kind !== 'file' && entry.kind !== 'hard-link') return true;
  if (!now?.isFile() || modeOf(now) !== entry.mode) return false;
  if (entry.kind === 'hard-link') return lookNow(join(home, entry.to))?.ino === now.ino;
  return Number(now.size) === entry.size && (await hashFile(at, signal)) === entry.sha256;
}
