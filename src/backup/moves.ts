import { chmodSync, linkSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { lookNow, modeOf } from '../host/files.ts';
import { isBelow } from './manifest.ts';
import { readOurs } from './place.ts';
import { Refused } from './refused.ts';
import { sync } from './sync.ts';

/**
 * What a restore does at one path, as data that is on the disk before the first of it is done. No path is below that of
 * another move, and every folder above one stays where it is: so each move is made and taken back by itself. A ledger's
 * files are one thing: those moves are made in their order and taken back in the other.
 */
export interface Move {
  readonly path: string;
  /** What stands at `path`, and goes to `kept` in the quarantine; null for nothing. */
  readonly was: Identity | null;
  readonly kept: string;
  /** What is `staged` and comes to `path`, a folder with all that is in it; null for nothing. */
  readonly is: Identity | null;
  readonly staged: string;
  /** The main file of the ledger that it is a move of. */
  readonly ledger?: string;
}

export interface Identity {
  readonly dev: string;
  readonly ino: string;
  readonly folder: boolean;
  readonly mode: number;
  /** Of a folder `-`: what happens in it, and to its mode while it is moved, does not make it another one. */
  readonly size: string;
  readonly mtimeNs: string;
}

/** Where a restore's moves take place: the home, and the run's own folder in it. */
export interface Ground {
  readonly home: string;
  readonly run: string;
}

const planName = 'restore.json';
const doneName = 'restore.done';
const planLimit = 64 * 1024 ** 2;

/** What stands at a path; null for nothing, also where what it would be in is no folder. */
export function identify(path: string): Identity | null {
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

export const isSame = (one: Identity | null, other: Identity | null): boolean =>
  one === other ||
  (one !== null &&
    other !== null &&
    (['dev', 'ino', 'folder', 'size', 'mtimeNs'] as const).every((field) => one[field] === other[field]));

/** Two files change places without a moment in which there is none; rename(2) does that with no folder. */
const isOver = ({ was, is }: Move): boolean => was !== null && is !== null && !was.folder && !is.folder;

/** Does the moves in their order, all or none. Every name is on the disk before the next move. */
export function makeMoves(ground: Ground, moves: readonly Move[]): void {
  const plan = join(ground.run, planName);
  writeFileSync(plan, `${JSON.stringify(moves)}\n`, { flag: 'wx', mode: 0o600 });
  sync(plan);
  sync(ground.run);
  try {
    for (const move of moves) make(ground, move);
  } catch (error) {
    takeBack(ground, moves);
    throw error;
  }
  finish(ground.run);
}

export function make({ home, run }: Ground, move: Move): void {
  const { was, is } = move;
  const place = join(home, move.path);
  const kept = join(run, move.kept);
  if (!isSame(identify(place), was)) throw new Refused(`${place} changed since it was checked; run again`);
  if (was && isOver(move)) {
    linkSync(place, kept);
    sync(dirname(kept));
  } else if (was) {
    rename(place, kept, was);
    if (!isSame(identify(kept), was)) throw new Refused(`${place} changed while it was moved; run again`);
  }
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

/** Whether nothing of a move was done: what would come is still staged, and what would go is not kept. */
export const isUntouched = ({ run }: Ground, { is, staged, kept }: Move): boolean =>
  (is === null || identify(join(run, staged)) !== null) && identify(join(run, kept)) === null;

/**
 * Takes moves back, the last one first, as far as they were made; what was not made is passed over, so that this can be
 * done again after a crash in the middle of it. Throws Refused, and takes nothing back, where somebody changed what was
 * put in the place of something else: then both stay, and the message says where.
 */
export function takeBack(ground: Ground, moves: readonly Move[]): void {
  const made = moves.filter((move) => move.ledger === undefined || !isUntouched(ground, move));
  // The last move at a path is the one that tells what was put there.
  for (const move of new Map(made.map((move) => [move.path, move])).values()) refuseChanged(ground, move);
  for (const move of made.toReversed()) unmake(ground, move);
  finish(ground.run);
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
    // What was made in a folder since is in it, and scratch is removed: a folder goes where nothing is.
    rename(place, is.folder ? `${kept}-put` : staged, is);
  } else if (now && isKept && isSame(now, was)) {
    // The old file was given its second name, and no more was done.
    rmSync(kept);
    sync(dirname(kept));
    return;
  }
  if (was && isKept) rename(kept, place, was);
  // A crash, or a signal, came before the mode of a folder was set again.
  const here = identify(place);
  if (was?.folder && here && isSame(here, was) && here.mode !== was.mode) chmodSync(place, was.mode);
}

/** One rename in one folder, for which a full disk has room. */
export function finish(run: string): void {
  renameSync(join(run, planName), join(run, doneName));
  sync(run);
}

/** Whether a restore was begun in the folder of a run and neither ended nor taken back. */
export const isCutOff = (run: string): boolean =>
  identify(join(run, planName)) !== null && identify(join(run, doneName)) === null;

/** The moves of a restore in `run` that was cut off, or null. Throws Refused for a plan that is not ours. */
export function unfinishedMoves(run: string): readonly Move[] | null {
  if (!isCutOff(run)) return null;
  const plan = join(run, planName);
  let moves: unknown;
  try {
    moves = JSON.parse(readOurs(plan, planLimit));
  } catch (error) {
    // The first move is made when the whole plan is on the disk: one that was cut off announced nothing.
    if (error instanceof SyntaxError) return [];
    throw error;
  }
  if (!Array.isArray(moves) || !moves.every(isMove))
    throw new Refused(`${plan} is no plan of ours; keep it, and ask for support`);
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
