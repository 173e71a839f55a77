import { linkSync, lstatSync, mkdirSync, renameSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { isBelow } from './manifest.ts';
import { readOurs } from './place.ts';
import { Refused } from './refused.ts';
import { sync } from './sync.ts';

/** What is renamed in a restore, as data that is on the disk before the first of it is done. */
export type Move =
  /** What stands at `path` goes to the quarantine. */
  | { readonly kind: 'away'; readonly path: string; readonly kept: string; readonly was: Identity }
  /** What is staged comes to `path`; a file that stood there keeps a name in the quarantine, so there is no gap. */
  | {
      readonly kind: 'put';
      readonly path: string;
      readonly staged: string;
      readonly is: Identity;
      readonly kept: string;
      readonly was: Identity | null;
    }
  | { readonly kind: 'folder'; readonly path: string; readonly mode: number };

export interface Identity {
  readonly dev: string;
  readonly ino: string;
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

export function identify(path: string): Identity | null {
  const stat = lstatSync(path, { bigint: true, throwIfNoEntry: false });
  if (!stat) return null;
  const { dev, ino, size, mtimeNs } = stat;
  return { dev: String(dev), ino: String(ino), size: String(size), mtimeNs: String(mtimeNs) };
}

const isSame = (one: Identity | null, other: Identity | null): boolean => JSON.stringify(one) === JSON.stringify(other);

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

function make({ home, run }: Ground, move: Move): void {
  const place = join(home, move.path);
  if (move.kind === 'folder') {
    mkdirSync(place, { mode: move.mode });
    sync(dirname(place));
    return;
  }
  if (!isSame(identify(place), move.was)) throw new Refused(`${place} changed since it was looked at; run again`);
  const kept = join(run, move.kept);
  if (move.kind === 'away') {
    renameSync(place, kept);
    if (!isSame(identify(kept), move.was)) throw new Refused(`${place} changed while it was moved; run again`);
  } else {
    if (move.was) linkSync(place, kept);
    sync(dirname(kept));
    renameSync(join(run, move.staged), place);
    sync(dirname(join(run, move.staged)));
  }
  sync(dirname(kept));
  sync(dirname(place));
}

/**
 * Takes moves back, the last one first, as far as they were made; what was not made is passed over, so that this can be
 * done again after a crash in the middle of it. Throws Refused where somebody changed what was put there: then nothing
 * is overwritten, and both stay.
 */
export function takeBack(ground: Ground, moves: readonly Move[]): void {
  for (const move of moves.toReversed()) unmake(ground, move);
  finish(ground.run);
}

function unmake({ home, run }: Ground, move: Move): void {
  const place = join(home, move.path);
  const now = identify(place);
  if (move.kind === 'folder') {
    if (now && isEmptied(place)) sync(dirname(place));
    return;
  }
  const kept = join(run, move.kept);
  const isKept = identify(kept) !== null;
  const standsNow = (): Refused =>
    new Refused(`${place} was changed after a restore that was cut off; what stood there before is ${kept}`);
  if (move.kind === 'away') {
    if (!isKept) return;
    if (now) throw standsNow();
    renameSync(kept, place);
  } else if (isSame(now, move.is)) {
    const staged = join(run, move.staged);
    if (move.was) {
      if (!identify(staged)) linkSync(place, staged);
      renameSync(kept, place);
    } else renameSync(place, staged);
    sync(dirname(staged));
  } else if (isSame(now, move.was)) {
    // The old file was given its second name, and no more was done.
    if (isKept) rmSync(kept);
  } else throw standsNow();
  if (isKept) sync(dirname(kept));
  sync(dirname(place));
}

/** A folder that a restore made and nobody used is ours to remove. */
function isEmptied(folder: string): boolean {
  try {
    rmdirSync(folder);
    return true;
  } catch {
    return false;
  }
}

function finish(run: string): void {
  const done = join(run, doneName);
  writeFileSync(done, '', { mode: 0o600 });
  sync(done);
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
  if (!Array.isArray(moves) || !moves.every(isMove)) throw new Refused(`${plan} is no plan of ours; move it away`);
  return moves;
}

function isMove(move: Move | null): boolean {
  if (typeof move !== 'object' || move === null) return false;
  const { kind } = move;
  const below = [move.path, ...(kind === 'folder' ? [] : [move.kept]), ...(kind === 'put' ? [move.staged] : [])];
  return ['away', 'put', 'folder'].includes(kind) && below.every((path) => typeof path === 'string' && isBelow(path));
}
