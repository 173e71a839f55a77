import type { Frames } from '../sqlite/frames.ts';
import { parsePage } from '../sqlite/page.ts';
import { readWhole } from '../sqlite/pages.ts';
import { soundness } from './frame-sums.ts';
import { isSlightlyDifferent } from './slightly-different.ts';
import type { Source } from './source.ts';

/** Pages of the main file that are not as a checkpoint left them. */
export interface LostWrites {
  /** For each of them the frame that the checkpoint had put there. */
  readonly frames: ReadonlyMap<number, number>;
  /** How many are sound pages of another time: such a write never reached the disk, and others may not have, either. */
  readonly outdated: number;
}

const none: LostWrites = { frames: new Map(), outdated: 0 };

/**
 * Finds pages whose last write the main file lacks. SQLite begins a WAL again only when all of it is in the main file, and counts its first salt up
 * by one then (walRestartHdr in its wal.c). So a page that no frame of the current generation has is, in the main file, what the newest
 * frame of the generation before says: else that write was lost, or the page was damaged since, and the frame is right, since it has a
 * checksum. Nothing is known where a frame of the current generation may be gone: a checkpoint may have put it into the main file.
 */
export function lostWrites(source: Source): LostWrites {
  const { main, wal, mainPages, layout, format } = source;
  if (!main || !wal || source.lostFrames > 0) return none;
  const { frames } = wal;
  const from = endOfCurrent(frames);
  const newest = from === null ? null : newestBefore(frames, from, soundness(source));
  if (!newest) return none;
  const [written, is] = [Buffer.alloc(format.pageSize), Buffer.alloc(format.pageSize)];
  const lost = new Map<number, number>();
  let outdated = 0;
  for (const [page, frame] of newest) {
    if (page > mainPages || !readWhole(wal.fd, written, frames.offsetOf(frame))) continue;
    const isThere = readWhole(main.fd, is, layout.offsetOf(page)) !== null;
    if (isThere && is.equals(written)) continue;
    lost.set(page, frame);
    const isPage = isThere && typeof parsePage(is, page, format.usableSize) !== 'string';
    if (isPage && !isSlightlyDifferent(written, is)) outdated += 1;
  }
  return { frames: lost, outdated };
}

/** The first frame behind those of the current generation; null where one of them may be damaged or gone. */
function endOfCurrent(frames: Frames): number | null {
  if (frames.header !== 'sound' || !frames.complete || frames.hiddenCommits > 0 || frames.tornCommits > 0) return null;
  let frame = frames.visible;
  // What was never committed.
  while (frame < frames.slots && (frames.stateOf(frame) !== 'other' || isRewritten(frames, frame))) frame += 1;
  return frame < frames.slots && frames.saltOf(frame) === before(frames.salt1) ? frame : null;
}

const before = (salt: number): number => (salt - 1) >>> 0;

/** Once a frame is written a second time before its commit, none has salts until then (walEncodeFrame in SQLite's wal.c). */
export const isRewritten = (frames: Frames, frame: number): boolean =>
  frames.saltOf(frame) === 0 && frames.pageOf(frame) > 0;

/** Of each page that the current generation does not have, the newest sound frame of the one before, up to its last commit. */
function newestBefore(frames: Frames, from: number, isSound: (frame: number) => boolean): ReadonlyMap<number, number> {
  const newest = new Map<number, number>();
  let pending = new Map<number, number>();
  for (let frame = from; frame < frames.slots && frames.saltOf(frame) === before(frames.salt1); frame += 1) {
    pending.set(frames.pageOf(frame), frame);
    if (frames.commitOf(frame) === 0 || !isSound(frame)) continue;
    for (const [page, at] of pending) newest.set(page, at);
    pending = new Map();
  }
  for (const [page, frame] of newest) if (page < 1 || !isSound(frame)) newest.delete(page);
  for (let frame = 0; frame < from; frame += 1) newest.delete(frames.pageOf(frame));
  return newest;
}
