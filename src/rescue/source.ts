import { closeSync } from 'node:fs';
import { openFile } from '../sqlite/files.ts';
import { isForeign } from '../sqlite/fork.ts';
import { readFrames } from '../sqlite/frames.ts';
import { parsePage } from '../sqlite/page.ts';
import { type OpenFile, type OpenWal, readWhole } from '../sqlite/pages.ts';
import { cellsOf } from '../sqlite/tree.ts';
import { parseWalHeader, walHeaderBytes } from '../sqlite/wal.ts';
import { framesGone, parseWalIndex, walIndexBytes } from '../sqlite/wal-index.ts';
import { type Format, findFormat } from './format.ts';

/** The bytes of a ledger: its main file, and its WAL where it has one that is its own. */
export interface Source {
  readonly format: Format;
  readonly main: OpenFile | null;
  readonly wal: OpenWal | null;
  /** The WAL is of another ledger, or of another state of this one; it is left out. */
  readonly isWalForeign: boolean;
  /** Frames that were committed, as shared memory counts them, and that neither file holds any more. */
  readonly lostFrames: number;
  /** Pages that the main file holds, the last one perhaps in part. */
  readonly mainPages: number;
  /** Where a page of the main file begins, which may not be where it should. */
  readonly offsetOf: (page: number) => number;
}

/**
 * Opens a damaged ledger, by descriptors that only read, and gives its bytes to `work`. SQLite never has it open. Parts
 * that are absent, or no regular files, are none.
 */
export function withSource<T>(path: string, work: (source: Source) => T): T {
  const main = openPart(path);
  const log = openPart(`${path}-wal`);
  try {
    const begin = log && readWhole(log.fd, Buffer.alloc(walHeaderBytes), 0);
    const format = findFormat(main, (begin && parseWalHeader(begin)?.pageSize) ?? null);
    const frames = log && readFrames(log.fd, log.size, format.pageSize, () => false);
    const own = log && frames && frames.pageSize === format.pageSize ? { ...log, frames } : null;
    const isWalForeign =
      main !== null && own !== null && isForeign({ main, wal: own, noiseBytes: 0, index: null }, () => false) === true;
    return work({
      format,
      main,
      wal: isWalForeign ? null : own,
      isWalForeign,
      lostFrames: isWalForeign ? 0 : countLost(path, own),
      mainPages: main ? Math.ceil(main.size / format.pageSize) : 0,
      offsetOf: main ? offsets(main, format) : (page) => (page - 1) * format.pageSize,
    });
  } finally {
    if (main) closeSync(main.fd);
    if (log) closeSync(log.fd);
  }
}

function countLost(path: string, wal: OpenWal | null): number {
  const shared = openPart(`${path}-shm`);
  if (!shared) return 0;
  try {
    const bytes = readWhole(shared.fd, Buffer.alloc(walIndexBytes), 0);
    const index = bytes && parseWalIndex(bytes);
    if (!wal) return framesGone(index, null, 0).lostFrames;
    // Frames of a generation are counted from its first one, the damaged ones among them, too.
    let held = 0;
    for (let frame = 0; frame < wal.frames.slots; frame += 1)
      if (wal.frames.stateOf(frame) !== 'other') held = frame + 1;
    return framesGone(index, wal.frames, held).lostFrames;
  } finally {
    closeSync(shared.fd);
  }
}

function openPart(path: string): OpenFile | null {
  try {
    return openFile(path);
  } catch {
    return null;
  }
}

const sector = 512;
const chunkPages = 256;

/**
 * Where pages begin. A file system or a copy that lost or repeated a sector moves all that follows: there b-tree pages
 * begin at another multiple of 512, and so do the overflow pages between them.
 */
function offsets({ fd, size }: OpenFile, { pageSize, usableSize }: Format): Source['offsetOf'] {
  const aligned = (page: number): number => (page - 1) * pageSize;
  const pages = Math.ceil(size / pageSize);
  const steps = pageSize / sector;
  if (steps <= 1) return aligned;
  /** By page, in sectors; 255 where nothing is known. */
  let moved: Uint8Array | null = null;
  const chunk = Buffer.alloc((chunkPages + 1) * pageSize);
  const isSound = (bytes: Buffer): boolean => {
    const page = parsePage(bytes, 2, usableSize);
    if (typeof page === 'string' || page.cells === 0) return false;
    return [...cellsOf(page)].length === page.cells;
  };
  for (let first = 1; first <= pages; first += chunkPages) {
    const bytes = Math.min(chunk.length, size - aligned(first));
    if (!readWhole(fd, chunk.subarray(0, bytes), aligned(first))) continue;
    for (let page = Math.max(first, 2); page < first + chunkPages; page += 1) {
      const at = (page - first) * pageSize;
      if (at + pageSize > bytes || isKnownPage(chunk, at)) continue;
      for (let step = 1; step < steps && at + step * sector + pageSize <= bytes; step += 1) {
        const from = at + step * sector;
        if (!isKnownPage(chunk, from) || !isSound(chunk.subarray(from, from + pageSize))) continue;
        moved ??= new Uint8Array(pages + 1).fill(255);
        moved[page] = step;
        break;
      }
    }
  }
  if (!moved) return aligned;
  fillBetween(moved, fd, pageSize, isSound);
  const by = moved;
  return (page) => aligned(page) + (by[page] ?? 0) * sector;
}

/** Whether the first byte is that of a b-tree page, which an overflow page of some GB may have, too. */
const isKnownPage = (bytes: Buffer, at: number): boolean => [2, 5, 10, 13].includes(bytes[at] ?? 0);

/** What lies between two pages that were moved by the same number of sectors was moved as well, where no page is in its place. */
function fillBetween(moved: Uint8Array, fd: number, pageSize: number, isSound: (bytes: Buffer) => boolean): void {
  const into = Buffer.alloc(pageSize);
  const isInPlace = (page: number): boolean => {
    const bytes = readWhole(fd, into, (page - 1) * pageSize);
    return bytes !== null && isSound(bytes);
  };
  let last = 0;
  let by = 0;
  for (let page = 1; page < moved.length; page += 1) {
    const step = moved[page] ?? 255;
    if (step === 255) {
      if (by > 0 && isInPlace(page)) by = 0;
      continue;
    }
    if (step === by) moved.fill(step, last, page);
    [last, by] = [page, step];
  }
  // Up to the end, where nothing is in its place again.
  if (by > 0) moved.fill(by, last);
  for (let page = 0; page < moved.length; page += 1) if (moved[page] === 255) moved[page] = 0;
}
