import { closeSync, constants, fstatSync, openSync } from 'node:fs';
import { type Frames, readFrames } from './frames.ts';
import { headerBytes, parseHeader } from './header.ts';
import { type OpenFile, type OpenWal, readWhole } from './pages.ts';

/** A database file and its WAL, open for reading by descriptors of our own. */
export interface OpenLedger {
  readonly main: OpenFile;
  /** Null where there is no WAL, or where it holds no frame. */
  readonly wal: OpenWal | null;
  /** Bytes of a WAL that holds no sound frame, or 0. */
  readonly noiseBytes: number;
}

/**
 * Opens a ledger's files, gives them to `work`, and closes them. SQLite must have neither open in this process: closing a
 * descriptor drops its locks. Null where the main file is absent or no regular file; a link is not followed.
 */
export function withLedger<T>(path: string, hurry: () => boolean, work: (ledger: OpenLedger) => T): T | null {
  const main = openFile(path);
  if (!main) return null;
  const log = openFile(`${path}-wal`);
  try {
    const start = Buffer.alloc(headerBytes);
    const header = readWhole(main.fd, start, 0) && parseHeader(start);
    const frames: Frames | null = log && readFrames(log.fd, log.size, header?.pageSize ?? 4096, hurry);
    const wal = log && frames ? { ...log, frames } : null;
    return work({ main, wal, noiseBytes: log && !frames ? log.size : 0 });
  } finally {
    closeSync(main.fd);
    if (log) closeSync(log.fd);
  }
}

/** Throws where the file is there and cannot be opened. */
function openFile(path: string): OpenFile | null {
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
