import { readSync } from 'node:fs';
import type { Frames } from './frames.ts';
import { type DatabaseHeader, headerBytes, parseHeader } from './header.ts';

/** A database as its bytes have it: the main file, with the pages of a WAL in the place of its own. */
export interface Pages {
  readonly header: DatabaseHeader;
  /** Pages of the database as its header or the last commit counts them. */
  readonly count: number;
  /** Whole pages that the main file holds. */
  readonly mainPages: number;
  /** Whether pages of a WAL count. */
  readonly hasFrames: boolean;
  /** The page, in the given buffer of one page; null where the files do not hold all of it, or cannot be read. */
  readonly read: (page: number, into: Buffer) => Buffer | null;
  readonly buffer: () => Buffer;
  /** The frame that the page is taken from; -1 for one of the main file. */
  readonly frameOf: (page: number) => number;
}

export interface OpenFile {
  readonly fd: number;
  readonly size: number;
}

export interface OpenWal extends OpenFile {
  readonly frames: Frames;
}

/** Which frames count: up to, not including, `before`; those that SQLite does not see, too, with `hidden`. */
export interface View {
  readonly before: number;
  readonly hidden?: boolean;
}

/** What SQLite sees. */
export const visible = ({ frames }: OpenWal): View => ({ before: frames.visible });

/**
 * The pages of a database; null where page 1 is that of no database. Reading is synchronous, in a process that can be
 * killed. Buffers are the caller's, so that a walk over any number of pages takes the memory of a few.
 */
export function openPages(main: OpenFile, wal: OpenWal | null, view = wal && visible(wal)): Pages | null {
  if (!wal || !view) return pagesOver(main, null, new Map(), 0);
  const { frames, count } = latestFrames(wal.frames, view);
  return pagesOver(main, wal, frames, count);
}

/** A database whose pages are taken from the given frames where there is one; `count` is its size, or 0 to read that. */
export function pagesOver(
  main: OpenFile,
  wal: OpenWal | null,
  frames: ReadonlyMap<number, number>,
  count: number,
): Pages | null {
  const readFrom = (page: number, pageSize: number, into: Buffer): Buffer | null => {
    const frame = frames.get(page);
    return frame === undefined || !wal
      ? readWhole(main.fd, into, (page - 1) * pageSize)
      : readWhole(wal.fd, into, wal.frames.offsetOf(frame));
  };
  const first = readFrom(1, 0, Buffer.alloc(headerBytes));
  const header = first && parseHeader(first);
  if (!header || (wal && frames.size > 0 && wal.frames.pageSize !== header.pageSize)) return null;
  const { pageSize } = header;
  return {
    header,
    count: count || header.pageCount || Math.ceil(main.size / pageSize),
    mainPages: Math.floor(main.size / pageSize),
    hasFrames: frames.size > 0,
    buffer: () => Buffer.allocUnsafeSlow(pageSize),
    frameOf: (page) => frames.get(page) ?? -1,
    read: (page, into) => readFrom(page, pageSize, into),
  };
}

/** The last frame of each page, and the size of the database that the last commit tells. */
function latestFrames(frames: Frames, { before, hidden = false }: View) {
  const latest = new Map<number, number>();
  const pending = new Map<number, number>();
  let count = 0;
  for (let frame = 0; frame < before; frame += 1) {
    if (frames.stateOf(frame) !== 'sound') {
      if (!hidden) break;
      continue;
    }
    pending.set(frames.pageOf(frame), frame);
    if (frames.commitOf(frame) === 0) continue;
    for (const [page, of] of pending) latest.set(page, of);
    pending.clear();
    count = frames.commitOf(frame);
  }
  return { frames: latest, count };
}

export function readWhole(fd: number, into: Buffer, at: number): Buffer | null {
  try {
    return readSync(fd, into, 0, into.length, at) === into.length ? into : null;
  } catch {
    return null;
  }
}
