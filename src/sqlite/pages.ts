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
  const latest = wal && view ? latestFrames(wal.frames, view) : null;
  const first = Buffer.alloc(headerBytes);
  const frame = latest?.frames.get(1);
  const from = frame === undefined || !wal ? { fd: main.fd, at: 0 } : { fd: wal.fd, at: wal.frames.offsetOf(frame) };
  if (readWhole(from.fd, first, from.at) === null) return null;
  const header = parseHeader(first);
  if (!header || (latest && wal && latest.frames.size > 0 && wal.frames.pageSize !== header.pageSize)) return null;
  const { pageSize } = header;
  const fileCount = Math.ceil(main.size / pageSize);
  return {
    header,
    count: latest?.count || header.pageCount || fileCount,
    mainPages: Math.floor(main.size / pageSize),
    hasFrames: (latest?.frames.size ?? 0) > 0,
    buffer: () => Buffer.allocUnsafeSlow(pageSize),
    frameOf: (page) => latest?.frames.get(page) ?? -1,
    read: (page, into) => {
      const frame = latest?.frames.get(page);
      return frame === undefined || !wal
        ? readWhole(main.fd, into, (page - 1) * pageSize)
        : readWhole(wal.fd, into, wal.frames.offsetOf(frame));
    },
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
