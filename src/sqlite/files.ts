import { type BigIntStats, closeSync, constants, fstatSync, lstatSync, openSync } from 'node:fs';
import { type Frames, readFrames } from './frames.ts';
import { headerBytes, parseHeader } from './header.ts';
import { type OpenFile, type OpenWal, readWhole } from './pages.ts';
import { walHeaderBytes } from './wal.ts';
import { parseWalIndex, type WalIndex, walIndexBytes } from './wal-index.ts';

/** A database file and its WAL, open for reading by descriptors of our own. */
export interface OpenLedger {
  readonly main: OpenFile;
  /** Null where there is no WAL, or where it holds no frame. */
  readonly wal: OpenWal | null;
  /** Bytes of a WAL that holds no sound frame, or 0. */
  readonly noiseBytes: number;
  /** What shared memory said of the WAL before it was read, and still did then; null where it said nothing. */
  readonly index: WalIndex | null;
}

/**
 * Opens a ledger's files, gives them to `work`, and closes them. SQLite must have neither open in this process: closing a
 * descriptor drops its locks. Null where the main file is absent or no regular file; a link is not followed.
 */
export function withLedger<T>(path: string, hurry: () => boolean, work: (ledger: OpenLedger) => T): T | null {
  const main = openFile(path);
  if (!main) return null;
  const shared = readShared(path);
  const log = openFile(`${path}-wal`);
  try {
    const start = Buffer.alloc(headerBytes);
    const header = readWhole(main.fd, start, 0) && parseHeader(start);
    const frames: Frames | null = log && readFrames(log.fd, log.size, header?.pageSize ?? 4096, hurry);
    const wal = log && frames ? { ...log, frames } : null;
    const begun = log && walStart(log);
    const index = shared && readShared(path)?.equals(shared) ? parseWalIndex(shared) : null;
    const result = work({ main, wal, noiseBytes: log && !frames ? log.size : 0, index });
    // A writer that begins its WAL anew overwrites frames that were still to be read.
    const isSame = isAt(path, main) && (log ? isAt(`${path}-wal`, log) && begun?.equals(walStart(log)) : true);
    if (!isSame) throw new Moved();
    return result;
  } finally {
    closeSync(main.fd);
    if (log) closeSync(log.fd);
  }
}

/** The files were replaced, or begun anew, while they were read. */
class Moved extends Error {
  readonly code = 'moving';
}

function walStart({ fd }: OpenFile): Buffer {
  const start = Buffer.alloc(walHeaderBytes);
  return readWhole(fd, start, 0) ?? Buffer.alloc(0);
}

/** How shared memory begins; null where there is none, or none that can be read. */
function readShared(path: string): Buffer | null {
  let file: OpenFile | null;
  try {
    file = openFile(`${path}-shm`);
  } catch {
    return null;
  }
  if (!file) return null;
  try {
    return readWhole(file.fd, Buffer.alloc(walIndexBytes), 0);
  } finally {
    closeSync(file.fd);
  }
}

/** Whether the path still names the open file. */
function isAt(path: string, { fd }: OpenFile): boolean {
  const identity = (stat: BigIntStats | undefined): string => `${stat?.dev}:${stat?.ino}`;
  const there = lstatSync(path, { bigint: true, throwIfNoEntry: false });
  return identity(there) === identity(fstatSync(fd, { bigint: true }));
}

/** Throws where the file is there and cannot be opened. */
export function openFile(path: string): OpenFile | null {
  let fd: number;
  try {
    fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw error;
  }
  const stat = fstatSync(fd, { bigint: true });
  if (stat.isFile()) return { fd, size: Number(stat.size) };
  closeSync(fd);
  return null;
}
