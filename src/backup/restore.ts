import { chmodSync, existsSync, mkdirSync, readlinkSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { lockNames, names } from '../coven/layout.ts';
import { lookNow, modeOf } from '../host/files.ts';
import { hashFile } from './copy.ts';
import { isSound, judgeLedger } from './judgement.ts';
import { askLedger } from './ledger/ask.ts';
import type { Newer } from './ledger/protocol.ts';
import { type Entry, type Manifest, parentOf, type Stood } from './manifest.ts';
import { dress, isMade } from './materialise.ts';
import { identify, isCutOff, type Move, makeMoves } from './moves.ts';
import { checkRoom, homeOf, removeScratch, scratchNames } from './place.ts';
import { planMoves } from './plan-moves.ts';
import { contentDifference, proveInto } from './prove.ts';
import { failed, Refused } from './refused.ts';
import { settleNow } from './settle.ts';
import { sync } from './sync.ts';
import { isSame, standing, takeLedger } from './take-ledger.ts';
import { partsOf } from './walk.ts';

/** Of one process or one moment, and the story that the log tells: these stay as they are. */
const stays = (path: string): boolean =>
  (lockNames as readonly string[]).includes(path) ||
  ([names.socket, names.record, names.resetMarker] as readonly string[]).includes(path) ||
  path.startsWith(names.recoveryLog);

/** What a restore would do, and what would be lost by it; nothing of the home has been touched. */
export interface Prepared {
  readonly home: string;
  readonly run: string;
  readonly moves: readonly Move[];
  /** Names that would have the bytes and modes of the backup again. */
  readonly replaced: readonly string[];
  /** Rows newer than the backup; null with SQLite's code where the ledger that is there cannot be read. */
  readonly newer: Newer | { readonly unreadable: string };
  /** The session ledger's files as they were when its rows were compared. */
  readonly stood: readonly Stood[];
}

/**
 * Proves a backup once more, stages in `run`, a private folder of the home, what differs from it, and tells what is newer
 * than it. Throws Refused for a backup that is not proven or not sound, and for a home that is being written to.
 */
export async function prepareRestore(
  backup: { readonly path: string; readonly manifest: Manifest },
  named: string,
  run: string,
  signal: AbortSignal,
): Promise<Prepared> {
  const home = homeOf(named);
  const { path, manifest } = backup;
  if (existsSync(join(home, names.resetMarker)))
    throw new Refused(`a reset of ${home} was cut off; finish it first: rerun the coven reset that was begun`);
  checkRoom(run, home, manifest.bytes, manifest.entries.length, 3);
  const staged = join(run, 'staged');
  const known = new Map(manifest.ledgers.map((ledger) => [ledger.path, ledger.content]));
  const proof = await proveInto(path, manifest, known, staged, signal);
  if (!proof.proven) throw new Refused(`${path} is not proven: ${proof.why}; choose another backup`);
  if (!proof.sound)
    throw new Refused(
      `${path} holds a damaged ledger, as it was; choose one that \`backup list\` calls sound, or copy by hand what you need of ${join(path, 'files')}`,
    );
  mkdirSync(join(run, 'quarantine'), { mode: 0o700 });
  const { newer, stood } = await newerRows(home, run, manifest, signal);
  const ledgers = manifest.ledgers.map((ledger) => ledger.path);
  const whole: Readonly<Record<string, string>> = Object.fromEntries(
    await Promise.all(ledgers.map(async (ledger) => [ledger, await stageLedger(ledger, manifest, run, signal)])),
  );
  const moves = planMoves(home, run);
  const replaced = new Set<string>();
  const put = (path: string, from: string): void => {
    replaced.add(path);
    moves.put(path, from);
  };
  for (const { kind, path } of manifest.entries)
    if (kind === 'directory' && !moves.comesWith(path) && !moves.isFolder(path)) put(path, `staged/${path}`);
  for (const ledger of ledgers) {
    const from = whole[ledger] ?? '';
    if (moves.comesWith(ledger)) settle(ledger, from, manifest, run);
    else {
      replaced.add(ledger);
      moves.putLedger(ledger, from, await settleNow(home, run, ledger, signal));
    }
  }
  const parts = new Set(ledgers.flatMap(partsOf));
  for (const entry of manifest.entries) {
    const { kind, path } = entry;
    if (kind === 'directory' || parts.has(path) || stays(path)) continue;
    if (moves.comesWith(path)) {
      if (isMade(entry)) replaced.add(path);
      continue;
    }
    const follows = kind === 'hard-link' && replaced.has(entry.to);
    if (follows || !(await isThere(entry, home, signal))) put(path, `staged/${path}`);
  }
  return { home, run, moves: moves.list, replaced: [...replaced], newer, stood };
}

/**
 * Puts back what was prepared. The caller holds every lock of the home. All or none: what fails in the middle is taken
 * back, and what is cut off is taken back by the next run. What stood there before is in the run's quarantine.
 */
export function restore({ home, run, moves, stood }: Prepared): void {
  if (!isSame(stood, standing(home, names.ledger)))
    throw new Refused(`${join(home, names.ledger)} was written to since it was compared; run again`);
  try {
    makeMoves({ home, run }, moves);
  } catch (error) {
    const rest = isCutOff(run)
      ? 'and could not be taken back; `coven-doctor --fix` takes it back once that works again'
      : 'and is taken back';
    throw failed(`the restore of ${home}`, error, rest, 4);
  } finally {
    // What could not be taken back may still need what is staged.
    if (!isCutOff(run)) for (const scratch of scratchNames) removeScratch(join(run, scratch));
  }
  // A ledger's place is taken twice; what came last is there.
  for (const { path, is } of new Map(moves.map((move) => [move.path, move])).values()) {
    const now = is && identify(join(home, path));
    // Its bytes and rows were proven as it was staged, and it is that very file.
    if (is && (now?.ino !== is.ino || now.size !== is.size || now.mtimeNs !== is.mtimeNs))
      throw new Refused(`${join(home, path)} is not what was put there; ${join(run, 'quarantine')} holds the old`);
  }
}

/** A ledger that comes with its folder has its complete main file there, and no other part. */
function settle(ledger: string, whole: string, manifest: Manifest, run: string): void {
  const staged = join(run, 'staged');
  chmodSync(join(staged, parentOf(ledger)), 0o700);
  for (const part of partsOf(ledger).slice(1)) rmSync(join(staged, part), { force: true });
  renameSync(join(run, whole), join(staged, ledger));
  const above = manifest.entries.find(({ path }) => path === parentOf(ledger));
  if (above) dress(above, join(staged, above.path));
}

/** One complete main file, with what the WAL of a raw backup holds in it: a single rename puts it in place. */
async function stageLedger(path: string, manifest: Manifest, run: string, signal: AbortSignal): Promise<string> {
  const from = `staged/${path}`;
  const whole = `${from}.whole`;
  const to = join(run, whole);
  const answer = await askLedger({ do: 'snapshot', from: join(run, from), to }, signal);
  if (answer.done !== 'snapshot')
    throw new Refused(`${path} of the backup cannot be staged (${JSON.stringify(answer)})`);
  const read = await askLedger({ do: 'read', ledger: to }, signal);
  const expected = manifest.ledgers.find((ledger) => ledger.path === path)?.content;
  if (
    read.done !== 'read' ||
    !isSound(await judgeLedger(to, signal)) ||
    !expected ||
    contentDifference(expected, read.content)
  )
    throw new Refused(`${path} of the backup does not hold the same rows when it is staged; choose another backup`);
  const entry = manifest.entries.find((entry) => entry.path === path);
  if (entry) dress(entry, to);
  sync(to);
  return whole;
}

/** What the ledger that is there holds beyond the backup's, from a private copy of it. */
async function newerRows(
  home: string,
  run: string,
  manifest: Manifest,
  signal: AbortSignal,
): Promise<Pick<Prepared, 'newer' | 'stood'>> {
  const path = names.ledger;
  const other = partsOf(path).find((part) => lookNow(join(home, part))?.isFile() === false);
  if (other !== undefined) return { newer: { unreadable: `${other} is no regular file` }, stood: standing(home, path) };
  const now = join(run, 'now');
  mkdirSync(now, { mode: 0o700 });
  const { ledger, entries } = await takeLedger(home, path, now, signal);
  const { stood } = ledger;
  if (ledger.way === 'snapshot')
    throw new Refused(`${join(home, path)} is being written to; stop it: coven daemon stop`);
  const none = { newSessions: [], changedSessions: [], events: 0 };
  if (!manifest.ledgers.some((ledger) => ledger.path === path)) return { newer: none, stood };
  if (!entries.some((entry) => entry.path === path)) return { newer: { unreadable: 'it is missing' }, stood };
  const than = join(run, 'staged', path);
  const answer = await askLedger({ do: 'newer', ledger: join(now, path), than }, signal);
  if (answer.done === 'newer') return { newer: answer.newer, stood };
  return { newer: { unreadable: answer.done === 'nothing' ? answer.code : 'no answer' }, stood };
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
