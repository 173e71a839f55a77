import { chmodSync, linkSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { lookNow, modeOf } from '../host/files.ts';
import { isBelow } from './manifest.ts';
import { readOurs } from './place.ts';
import { Refused } from './refused.ts';
import { sync } from './sync.ts';

/**
 * Ends a restore of version 0.1.0 that was cut off. That version wrote all its moves into `restore.json` of the run before
 * the first of them, and renamed that file when it was through. Later versions restore by steps of the engine.
 */
export interface Move {
  readonly path: string;
  /** What stood at `path`, and went to `kept`; null for nothing. */
  readonly was: Identity | null;
  readonly kept: string;
  /** What came to `path` from `staged`; null for nothing. */
  readonly is: Identity | null;
  readonly staged: string;
  /** The main file of the ledger that it is a move of: those were made in their order. */
  readonly ledger?: string;
}

interface Identity {
  readonly dev: string;
  readonly ino: string;
  readonly folder: boolean;
  readonly mode: number;
  /** Of a folder `-`: what happens in it does not make it another one. */
  readonly size: string;
  readonly mtimeNs: string;
}

/** The home, and the folder of the run in it. */
interface Ground {
  readonly home: string;
  readonly run: string;
}

const planName = 'restore.json';
const doneName = 'restore.done';
const planLimit = 64 * 1024 ** 2;

/** What stands at a path; null for nothing, also where what it would be in is no folder. */
function identify(path: string): Identity | null {
  const stat = lookNow(path);
  if (!stat) return null;
  const folder = stat.isDirectory();
  return {
    dev: String(stat.dev),
    ino: String(stat.ino),
    folder,
    mode: modeOf(stat),
    size: folder ? '-' : String(stat.size),
    mtimeNs: folder ? '-' : String(stat.mtimeNs),
  };
}

const isSame = (one: Identity | null, other: Identity | null): boolean =>
  one === other ||
  (one !== null &&
    other !== null &&
    (['dev', 'ino', 'folder', 'size', 'mtimeNs'] as const).every((field) => one[field] === other[field]));

/** Two files changed places in one call. */
const isOver = ({ was, is }: Move): boolean => was !== null && is !== null && !was.folder && !is.folder;

/** Whether a restore of 0.1.0 was begun in the folder of a run and neither ended nor taken back. */
export const isCutOff = (run: string): boolean =>
  identify(join(run, planName)) !== null && identify(join(run, doneName)) === null;

/** The moves of a restore in the folder of a run that was cut off, or null. Throws Refused for a list that is not ours. */
export function cutOffMoves(run: string): readonly Move[] | null {
  if (!isCutOff(run)) return null;
  const plan = join(run, planName);
  let moves: unknown;
  try {
    moves = JSON.parse(readOurs(plan, planLimit));
  } catch (error) {
    // The first move was made when the whole list was on the disk: one that was cut off announced nothing.
    if (error instanceof SyntaxError) return [];
    throw error;
  }
  if (!Array.isArray(moves) || !moves.every(isMove))
    throw new Refused(`${plan} is no list of moves of ours; keep it, and ask for support`);
  return moves;
}

function isMove(move: Move | null): boolean {
  if (typeof move !== 'object' || move === null) return false;
  const paths = [move.path, move.kept, move.staged];
  return paths.every((path) => typeof path === 'string' && isBelow(path)) && [move.was, move.is].every(isIdentity);
}

function isIdentity(value: Identity | null): boolean {
  if (value === null) return true;
  if (typeof value !== 'object') return false;
  const { dev, ino, size, mtimeNs, folder, mode } = value;
  const texts = [dev, ino, size, mtimeNs].every((text) => typeof text === 'string');
  return texts && typeof folder === 'boolean' && Number.isInteger(mode) && mode >= 0 && mode <= 0o7777;
}

/**
 * Ends it under the locks of the home, which the caller holds. A ledger that somebody wrote to since holds rows that are
 * nowhere else: it stays. Where it is the one of the backup, the restore goes on; else the rest is taken back. Throws
 * Refused where something else was changed that would be replaced.
 */
export function endOldRestore(ground: Ground, moves: readonly Move[]): 'taken-back' | 'finished' | 'kept' {
  const written = ledgersWrittenSince(ground, moves);
  const isOf = ({ ledger }: Move): boolean => ledger !== undefined && written.includes(ledger);
  for (const move of moves.filter(isOf)) dropSecondName(ground, move);
  const others = moves.filter((move) => !isOf(move));
  if (written.some((ledger) => isPut(ground, moves, ledger))) {
    for (const move of others) if (isUntouched(ground, move)) make(ground, move);
  } else takeBack(ground, others);
  // One rename in one folder, for which a full disk has room.
  renameSync(join(ground.run, planName), join(ground.run, doneName));
  sync(ground.run);
  if (written.length === 0) return 'taken-back';
  return written.some((ledger) => isPut(ground, moves, ledger)) ? 'finished' : 'kept';
}

/** Ledgers whose files are not as the moves that were made left them. */
export function ledgersWrittenSince(ground: Ground, moves: readonly Move[]): readonly string[] {
  const ledgers = [...new Set(moves.flatMap(({ ledger }) => ledger ?? []))];
  return ledgers.filter((ledger) =>
    isWritten(
      ground,
      moves.filter((move) => move.ledger === ledger),
    ),
  );
}

function isWritten({ home, run }: Ground, moves: readonly Move[]): boolean {
  const made = moves.filter((move) => !isUntouched({ home, run }, move));
  if (made.length === 0) return false;
  const first = new Map(moves.toReversed().map((move) => [move.path, move.was]));
  const isOf = (path: string): readonly (Identity | null)[] => {
    const last = made.findLast((move) => move.path === path);
    if (!last) return [first.get(path) ?? null];
    // A crash between the two calls of a move leaves what was there.
    const isHalf = last.is !== null && identify(join(run, last.staged)) !== null;
    return [last.is, ...(isHalf ? [last.was] : [])];
  };
  return [...first.keys()].some((path) => !isOf(path).some((is) => isSame(identify(join(home, path)), is)));
}

/** Whether the main file is the very file that was put there, whatever was written to it since. */
function isPut({ home }: Ground, moves: readonly Move[], ledger: string): boolean {
  const put = moves.findLast(({ path }) => path === ledger)?.is;
  const now = identify(join(home, ledger));
  return now !== null && now.ino === put?.ino && now.dev === put.dev;
}

/** Whether nothing of a move was done: what would come is still staged, and what would go is not kept. */
const isUntouched = ({ run }: Ground, { is, staged, kept }: Move): boolean =>
  (is === null || identify(join(run, staged)) !== null) && identify(join(run, kept)) === null;

function make({ home, run }: Ground, move: Move): void {
  const { was, is } = move;
  const place = join(home, move.path);
  const kept = join(run, move.kept);
  if (!isSame(identify(place), was)) throw new Refused(`${place} changed since it was checked; run again`);
  if (was && isOver(move)) {
    linkSync(place, kept);
    sync(dirname(kept));
  } else if (was) rename(place, kept, was);
  if (is) rename(join(run, move.staged), place, is);
}

/** A folder that its own mode closes cannot be moved, since its `..` changes: it is opened for that moment. */
function rename(from: string, to: string, { folder, mode }: Identity): void {
  const isClosed = folder && (mode & 0o700) !== 0o700;
  if (isClosed) chmodSync(from, mode | 0o700);
  renameSync(from, to);
  if (isClosed) chmodSync(to, mode);
  sync(dirname(to));
  sync(dirname(from));
}

/** Takes moves back, the last one first, as far as they were made; it can be done again after a crash in the middle. */
function takeBack(ground: Ground, moves: readonly Move[]): void {
  const made = moves.filter((move) => move.ledger === undefined || !isUntouched(ground, move));
  // The last move at a path is the one that tells what was put there.
  for (const move of new Map(made.map((move) => [move.path, move])).values()) refuseChanged(ground, move);
  for (const move of made.toReversed()) unmake(ground, move);
}

function refuseChanged({ home, run }: Ground, { path, was, is, kept }: Move): void {
  const place = join(home, path);
  const now = identify(place);
  const at = join(run, kept);
  if (!now || !was || isSame(now, was) || isSame(now, is) || !identify(at)) return;
  throw new Refused(
    `${place} was changed after a restore that was cut off; what stood there before is ${at}. To have that again, move ${place} out of the home and run again; to keep what is there now, move ${at} away and run again`,
  );
}

function unmake({ home, run }: Ground, move: Move): void {
  const { was, is } = move;
  const place = join(home, move.path);
  const kept = join(run, move.kept);
  const now = identify(place);
  const isKept = identify(kept) !== null;
  if (now && is && isSame(now, is)) {
    const staged = join(run, move.staged);
    if (was && isOver(move)) {
      if (!isKept) return;
      if (!identify(staged)) linkSync(place, staged);
      renameSync(kept, place);
      sync(dirname(place));
      sync(dirname(kept));
      return;
    }
    // What was made in a folder since is in it, and what is staged is removed: a folder goes where nothing is.
    rename(place, is.folder ? `${kept}-put` : staged, is);
  } else if (now && isKept && isSame(now, was)) {
    dropSecondName({ home, run }, move);
    return;
  }
  if (was && isKept) rename(kept, place, was);
  // A crash, or a signal, came before the mode of a folder was set again.
  const here = identify(place);
  if (was?.folder && here && isSame(here, was) && here.mode !== was.mode) chmodSync(place, was.mode);
}

/** A crash between the two calls of a move leaves what is in the home with a second name in the quarantine. */
function dropSecondName({ home, run }: Ground, { path, kept }: Move): void {
  const second = join(run, kept);
  const is = identify(second);
  if (is === null || !isSame(is, identify(join(home, path)))) return;
  rmSync(second);
  sync(dirname(second));
}
