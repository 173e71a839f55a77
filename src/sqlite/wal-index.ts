import { addUp, equal } from './wal.ts';

/** What shared memory (`-shm`) begins with: two copies of a header, and how far the last checkpoint came. */
export const walIndexBytes = 136;

/** What the last writer knew of its WAL. Source: https://www.sqlite.org/walformat.html, section 2. */
export interface WalIndex {
  /** Frames up to the last commit. */
  readonly frames: number;
  /** Frames that a checkpoint has written into the main file. */
  readonly copied: number;
  /** Of the WAL's header, so that another generation is told. */
  readonly salt1: number;
  readonly salt2: number;
}

const headerBytes = 48;
const version = 3_007_000;

/** Null where it is not what SQLite leaves between two commits: both headers are then the same, and carry their checksum. */
export function parseWalIndex(bytes: Buffer): WalIndex | null {
  if (bytes.length < walIndexBytes) return null;
  const header = bytes.subarray(0, headerBytes);
  if (!header.equals(bytes.subarray(headerBytes, 2 * headerBytes))) return null;
  // In the byte order of the machine; Coven runs on none that is big-endian.
  if (header.readUInt32LE(0) !== version || header[12] !== 1) return null;
  const stored = { s0: header.readUInt32LE(40), s1: header.readUInt32LE(44) };
  if (!equal(addUp(header, 0, 40, false, { s0: 0, s1: 0 }), stored)) return null;
  return {
    frames: header.readUInt32LE(16),
    copied: bytes.readUInt32LE(2 * headerBytes),
    salt1: header.readUInt32BE(32),
    salt2: header.readUInt32BE(36),
  };
}

/**
 * Frames that were committed, are in no main file yet, and are gone from the WAL. `salts` are those of its header, null where
 * there is no WAL or it is empty; `visible` is how many of its frames SQLite takes. A WAL of another generation, and shared
 * memory that a kill left from one, tell nothing of each other.
 */
export function lostFrames(
  index: WalIndex | null,
  salts: { readonly salt1: number; readonly salt2: number } | null,
  visible: number,
): number {
  if (!index) return 0;
  if (salts && (salts.salt1 !== index.salt1 || salts.salt2 !== index.salt2)) return 0;
  return Math.max(0, index.frames - Math.max(index.copied, visible));
}
