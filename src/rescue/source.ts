import { closeSync } from 'node:fs';
import { openFile } from '../sqlite/files.ts';
import { isForeign } from '../sqlite/fork.ts';
import { readFrames } from '../sqlite/frames.ts';
import { type OpenFile, type OpenWal, readWhole } from '../sqlite/pages.ts';
import { parseWalHeader, walHeaderBytes } from '../sqlite/wal.ts';
import { type FramesGone, framesGone, parseWalIndex, walIndexBytes } from '../sqlite/wal-index.ts';
import { type Format, findFormat } from './format.ts';
import { type Layout, layOut } from './layout.ts';

/** The bytes of a ledger: its main file, and its WAL where it has one that is its own. */
export interface Source {
  readonly format: Format;
  readonly main: OpenFile | null;
  readonly wal: OpenWal | null;
  /** The WAL is of another ledger, or of another state of this one; it is left out. */
  readonly isWalForeign: boolean;
  /** That WAL. */
  readonly foreignWal: OpenWal | null;
  /** Frames that were committed, as shared memory counts them, and that neither file holds any more. */
  readonly lostFrames: number;
  /** Pages that the main file holds, the last one perhaps in part. */
  readonly mainPages: number;
  /** Where the pages of the main file begin, which may not be where they should. */
  readonly layout: Layout;
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
      foreignWal: isWalForeign ? own : null,
      lostFrames: isWalForeign ? 0 : countLost(path, own),
      mainPages: main ? Math.ceil(main.size / format.pageSize) : 0,
      layout: layOut(main, format),
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
    if (!wal) return countGone(framesGone(index, null, 0));
    // Frames of a generation are counted from its first one, the damaged ones among them, too.
    let held = 0;
    for (let frame = 0; frame < wal.frames.slots; frame += 1)
      if (wal.frames.stateOf(frame) !== 'other') held = frame + 1;
    return countGone(framesGone(index, wal.frames, held));
  } finally {
    closeSync(shared.fd);
  }
}

/** Frames of another WAL than the one that is there are gone as well. */
const countGone = ({ lostFrames, strayFrames }: FramesGone): number => lostFrames + strayFrames;

function openPart(path: string): OpenFile | null {
  try {
    return openFile(path);
  } catch {
    return null;
  }
}
