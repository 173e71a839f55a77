import { lstatSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { names } from '../coven/layout.ts';
import { placeOfLedger } from '../host/ledger-place.ts';
import { tool } from '../package.ts';
import { type Content, unopened } from '../store/answers.ts';
import { copyFile } from './copy.ts';
import { attributesOf, type Entry, fitsManifest, type LedgerBackup, type Manifest, type Unheld } from './manifest.ts';
import { checkRoom, homeOf, manifestName, removeScratch, stages } from './place.ts';
import { type Proof, proveInto } from './prove.ts';
import { failed, isOfRoom, Refused, Unreadable } from './refused.ts';
import { sync, syncAll } from './sync.ts';
import { presentParts, takeLedger } from './take-ledger.ts';
import { type Found, ledgersOf, partsOf, walk } from './walk.ts';

export interface CreateOptions {
  readonly home: string;
  /** The private folder of the run, by whose name the backup is known; the backup becomes `backup` in it. */
  readonly into: string;
  readonly signal: AbortSignal;
  /** Told what is being done, for a reader who waits. */
  readonly tell: (doing: 'copying' | 'proving', bytes: number) => void;
}

export interface Backup {
  readonly id: string;
  readonly path: string;
  readonly manifest: Manifest;
  readonly proof: Extract<Proof, { proven: true }>;
}

/**
 * Copies the home and proves the copy before it becomes a backup: the manifest is written last, when all else is on
 * the disk, and the whole is renamed into place. What does not come to that end is removed, or, after a crash, is by its
 * name no backup. Throws Refused where something cannot be copied or proven; nothing of the home is changed by it.
 */
export async function createBackup({ home: named, into, signal, tell }: CreateOptions): Promise<Backup> {
  const home = homeOf(named);
  const { linkedTo } = await placeOfLedger(home);
  if (linkedTo !== null)
    throw new Refused(
      `${names.ledger} is a link to ${linkedTo}, which a backup of the home does not hold; stop the daemon, and copy that file and its -wal yourself; nothing was changed`,
    );
  const id = basename(into);
  const partial = join(into, stages.partial);
  const proofFolder = join(into, stages.proof);
  const { found, unheld: unseen } = walk(home);
  const size = sizeOf(found);
  checkRoom(into, home, size, found.length, 2);
  try {
    mkdirSync(join(partial, 'files'), { recursive: true, mode: 0o700 });
    tell('copying', size);
    const { entries, ledgers, known, unread } = await copyAll(home, found, join(partial, 'files'), signal);
    const manifest: Manifest = {
      schemaVersion: 1,
      tool: tool(),
      id,
      madeAt: new Date().toISOString(),
      home: (({ dev, ino }) => ({ dev: String(dev), ino: String(ino) }))(lstatSync(home, { bigint: true })),
      bytes: entries.reduce((sum, entry) => sum + (entry.kind === 'file' ? entry.size : 0), 0),
      entries,
      ledgers,
      unheld: [...unseen, ...unread],
    };
    tell('proving', manifest.bytes);
    const proof = await proveInto(partial, manifest, known, proofFolder, signal);
    if (!proof.proven) throw new Refused(`the backup of ${home} is not proven: ${proof.why}; nothing was changed`);
    const proven = { ...manifest, ledgers: proof.ledgers };
    await finish(into, partial, proven, signal);
    return { id, path: join(into, stages.whole), manifest: proven, proof };
  } catch (error) {
    removeScratch(partial);
    if (error instanceof Refused || signal.aborted) throw error;
    const room = isOfRoom(error) ? '; make room, or use --backup-dir' : '';
    throw failed(`the backup of ${home}`, error, `and what was begun is removed${room}`);
  } finally {
    removeScratch(proofFolder);
  }
}

/** Bytes on the disk: the holes of a sparse file are copied as holes. */
function sizeOf(found: readonly Found[]): number {
  return found.reduce((sum, { kind, stat }) => sum + (kind === 'file' ? Number(stat.blocks) * 512 : 0), 0);
}

interface All {
  readonly entries: readonly Entry[];
  readonly ledgers: readonly LedgerBackup[];
  readonly known: ReadonlyMap<string, Content>;
  readonly unread: readonly Unheld[];
}

async function copyAll(home: string, found: readonly Found[], files: string, signal: AbortSignal): Promise<All> {
  const entries: Entry[] = [];
  const ledgers = ledgersOf(found, names.ledger);
  const parts = new Set(ledgers.flatMap(partsOf));
  const seen = new Map<string, string>();
  const unread: Unheld[] = [];
  const orUnread =
    (path: string) =>
    (error: unknown): null => {
      if (!(error instanceof Unreadable)) throw error;
      unread.push({ path, why: error.code });
      return null;
    };
  for (const { path, stat, kind, target } of found) {
    signal.throwIfAborted();
    if (parts.has(path)) continue;
    const attributes = attributesOf(path, stat);
    if (kind === 'symlink') entries.push({ kind, ...attributes, target: target ?? '' });
    else if (kind === 'directory') {
      if (path !== '.') mkdirSync(join(files, path), { mode: 0o700 });
      entries.push({ kind, ...attributes });
    } else if (kind === 'file') {
      const file = `${stat.dev}:${stat.ino}`;
      const to = seen.get(file);
      if (to !== undefined) entries.push({ kind: 'hard-link', ...attributes, to });
      else {
        const copied = await copyFile(join(home, path), join(files, path), signal).catch(orUnread(path));
        if (!copied) continue;
        if (stat.nlink > 1n) seen.set(file, path);
        const { size, sha256, sparse } = copied;
        entries.push({ kind, ...attributesOf(path, copied.stat), size, sha256, sparse });
      }
    } else entries.push({ kind, ...attributes });
  }
  const known = new Map<string, Content>();
  const taken: LedgerBackup[] = [];
  for (const path of ledgers) {
    const ledgerTaken = await takeLedger(home, path, files, signal).catch(orUnread(path));
    if (!ledgerTaken) {
      // Of a part that was copied before it nothing could be made.
      for (const part of partsOf(path)) rmSync(join(files, part), { force: true });
      const stood = presentParts(home, path);
      taken.push({ path, way: 'raw', stood, content: unopened('not read'), sound: false });
      continue;
    }
    const { ledger, content, entries: files_ } = ledgerTaken;
    if (content) known.set(path, content);
    entries.push(...files_);
    // What it holds is told by the proof, from the copy.
    taken.push({ ...ledger, content: content ?? unopened('not read'), sound: false });
  }
  return { entries, ledgers: taken, known, unread };
}

/** Everything is on the disk before the manifest is, and the manifest before the name that makes it a backup. */
async function finish(into: string, partial: string, manifest: Manifest, signal: AbortSignal): Promise<void> {
  await syncAll(
    join(partial, 'files'),
    manifest.entries.filter(({ kind }) => kind === 'file' || kind === 'directory').map(({ path }) => path),
    signal,
  );
  const text = join(partial, manifestName);
  const list = `${JSON.stringify(manifest)}\n`;
  if (!fitsManifest(list))
    throw new Refused(`the names of ${manifest.entries.length} files are too long for one backup; nothing was changed`);
  writeFileSync(text, list, { flag: 'wx', mode: 0o600 });
  sync(text);
  sync(partial);
  renameSync(partial, join(into, stages.whole));
  sync(into);
}
