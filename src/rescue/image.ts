import type { Frames } from '../sqlite/frames.ts';
import { parsePage } from '../sqlite/page.ts';
import type { OpenWal } from '../sqlite/pages.ts';
import { readWhole } from '../sqlite/pages.ts';
import { isRewritten, lostWrites } from './lost-writes.ts';
import type { Source } from './source.ts';

/** Which pages together are the database: those of the main file, with frames in the place of their own. */
export interface Image {
  /** Pages up to the last one that any file holds. */
  readonly count: number;
  /** The page, in the given buffer of one page; null where the files do not hold all of it. */
  readonly read: (page: number, into: Buffer) => Buffer | null;
  /** Whether a file reaches to the page. */
  readonly has: (page: number) => boolean;
  /** The frame that the page is taken from; -1 for one of the main file. */
  readonly frameOf: (page: number) => number;
}

/** What a frame of the WAL is worth. */
export type FrameUse =
  /** The newest committed version of its page. */
  | 'current'
  /** Committed, and replaced by a later frame. */
  | 'replaced'
  /** Its own checksum says that it is not what was written. */
  | 'damaged'
  /** Of an older generation, whose pages a checkpoint has put into the main file. */
  | 'older'
  /** Never committed, or no frame: it does not count. */
  | 'none';

export interface Wal {
  readonly latest: ReadonlyMap<number, number>;
  readonly use: (frame: number) => FrameUse;
  /** The page that a frame holds a version of. */
  readonly pageOf: (frame: number) => number;
  /** Committed frames that do not carry their checksum. */
  readonly damaged: number;
  /** Of those, the ones that are not what was written, and that no later frame replaces. */
  readonly gone: number;
  /** Of pages that no current frame holds, the newest frame of an older generation: a checkpoint put it into the main file. */
  readonly checkpointed: ReadonlyMap<number, number>;
  /** Pages of the main file that are of another time than the checkpoint that had put frames in their place. */
  readonly outdated: number;
}

const uses: readonly FrameUse[] = ['none', 'current', 'replaced', 'damaged', 'older'];
const codeOf = (use: FrameUse): number => uses.indexOf(use);

/**
 * Judges every frame. Those up to the last commit count, and a damaged frame between them costs only itself; a damaged frame
 * that claims to end a commit still ended it. What no commit follows does not count.
 */
export function judgeFrames(source: Source, { frames }: OpenWal): Wal {
  const latest = new Map<number, number>();
  const marks = new Uint8Array(frames.slots);
  let pending: number[] = [];
  let torn: number[] = [];
  const pageOf = (frame: number): number => frames.saidBy(frame)?.page ?? frames.pageOf(frame);
  let damaged = 0;
  let size = 0;
  for (let frame = 0; frame < frames.slots; frame += 1) {
    const state = frames.stateOf(frame);
    const said = frames.saidBy(frame);
    if (state === 'other' && !said) {
      marks[frame] = codeOf('older');
      continue;
    }
    if (state !== 'sound') torn.push(frame);
    if (state === 'sound' || said) pending.push(frame);
    const commit = said?.commit ?? frames.commitOf(frame);
    if (commit === 0) continue;
    if (state === 'sound' || said) size = commit;
    for (const one of torn) marks[one] = codeOf('damaged');
    damaged += torn.length;
    for (const committed of pending) {
      const page = pageOf(committed);
      const before = latest.get(page);
      if (before !== undefined) marks[before] = codeOf('replaced');
      marks[committed] = codeOf('current');
      latest.set(page, committed);
    }
    [pending, torn] = [[], []];
  }
  let gone = countHoles(frames);
  damaged += gone;
  for (const [frame, mark] of marks.entries()) {
    if (mark !== codeOf('damaged')) continue;
    const later = latest.get(pageOf(frame)) ?? -1;
    if (later > frame && isBroken(source, frames, frame, later)) marks[frame] = codeOf('replaced');
    else gone += 1;
  }
  // A checkpoint has put it into the main file, which has lost it since.
  const older = checkpointed(frames, size);
  const lost = lostWrites(source);
  for (const [page, frame] of older) {
    if (latest.has(page)) older.delete(page);
    else if (page > source.mainPages || lost.frames.get(page) === frame) {
      marks[frame] = codeOf('current');
      latest.set(page, frame);
    }
  }
  const use = (frame: number): FrameUse => uses[marks[frame] ?? 0] ?? 'none';
  return { latest, use, pageOf, damaged, gone, checkpointed: older, outdated: lost.outdated };
}

/**
 * Frames of the current generation that lost their salts, zeros most of the time: a commit may have ended in one. SQLite leaves none among
 * its frames that names no page, and none without salts but at the end of a transaction that never ended.
 */
function countHoles(frames: Frames): number {
  let last = frames.slots - 1;
  while (last >= 0 && frames.stateOf(last) === 'other' && !frames.saidBy(last)) last -= 1;
  let holes = 0;
  for (let frame = 0; frame < last; frame += 1)
    if (frames.stateOf(frame) === 'other' && !frames.saidBy(frame) && !isRewritten(frames, frame)) holes += 1;
  // Behind the last one, too, up to those of an older generation.
  for (let frame = last + 1; frame < frames.slots; frame += 1) {
    if (frames.pageOf(frame) === 0) holes += 1;
    else if (!isRewritten(frames, frame)) break;
  }
  return holes;
}

/**
 * Whether a damaged frame is damaged itself, and holds a version of the page that a later one holds: with its salts its page number is right, since
 * what damages that and the page damages the salts between them, and alone it is known. A frame whose page makes sense may be sound,
 * and the one before it gone.
 */
function isBroken({ wal, format }: Source, frames: Frames, frame: number, later: number): boolean {
  const into = Buffer.alloc(format.pageSize);
  const isPage = (one: number): boolean => {
    const bytes = wal && readWhole(wal.fd, into, frames.offsetOf(one));
    return bytes !== null && typeof parsePage(bytes, frames.pageOf(one), format.usableSize) !== 'string';
  };
  return !isPage(frame) && isPage(later);
}

/**
 * Of each page the newest frame of the older generations, up to the last commit of each. Newer generations lie before older
 * ones. Pages beyond `size`, or where it is 0 beyond what the newest commit says, are no longer the database's.
 */
function checkpointed(frames: Frames, size: number): Map<number, number> {
  const newest = new Map<number, number>();
  let most = size;
  for (let frame = 0; frame < frames.slots; ) {
    const salt = frames.saltOf(frame);
    const own = new Map<number, number>();
    let pending: [number, number][] = [];
    for (; frame < frames.slots && frames.saltOf(frame) === salt; frame += 1) {
      if (frames.stateOf(frame) !== 'other') continue;
      pending.push([frames.pageOf(frame), frame]);
      if (frames.commitOf(frame) === 0) continue;
      for (const [page, at] of pending) own.set(page, at);
      pending = [];
      if (newest.size === 0 && size === 0) most = frames.commitOf(frame);
    }
    for (const [page, at] of own) if (!newest.has(page) && page >= 1 && page <= most) newest.set(page, at);
  }
  return newest;
}

/** The database that the main file makes with the given frames. */
export function imageOf(source: Source, latest: ReadonlyMap<number, number>): Image {
  const { main, wal, mainPages, layout } = source;
  const count = Math.max(mainPages, ...maxOf(latest));
  return {
    count,
    has: (page) => latest.has(page) || page <= mainPages,
    frameOf: (page) => latest.get(page) ?? -1,
    read: (page, into) => {
      if (page < 1 || page > count) return null;
      const frame = latest.get(page);
      if (frame !== undefined && wal) return readWhole(wal.fd, into, wal.frames.offsetOf(frame));
      return main && page <= mainPages ? readWhole(main.fd, into, layout.offsetOf(page)) : null;
    },
  };
}

/** Pages that a frame names beyond this are no pages of a ledger. */
const pageLimit = 64 * 1024 ** 2;

function* maxOf(latest: ReadonlyMap<number, number>): Generator<number> {
  let most = 0;
  for (const page of latest.keys()) if (page <= pageLimit) most = Math.max(most, page);
  yield most;
}
