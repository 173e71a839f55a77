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

/** Committed frames that are in no main file yet, and are gone. */
export interface FramesGone {
  readonly lostFrames: number;
  readonly strayFrames: number;
}

export const noneGone: FramesGone = { lostFrames: 0, strayFrames: 0 };

/** SQLite begins a WAL anew once it is copied: of a thousand frames, at least. */
const generationLimit = 100_000;

/**
 * What is gone of the frames that shared memory counts. `salts` are those of the WAL's header, null where there is no WAL or
 * it is empty; `visible` is how many of its frames SQLite takes. With each generation of a WAL SQLite adds one to the first
 * salt, in shared memory before the WAL: so shared memory of a later generation than the WAL tells of an older WAL in the
 * place of the one that was there, and that of an earlier one, which a crash of the machine leaves, of nothing. Salts of
 * another WAL are random.
 */
export function framesGone(
  index: WalIndex | null,
  salts: { readonly salt1: number; readonly salt2: number } | null,
  visible: number,
): FramesGone {
  if (!index) return noneGone;
  const isSame = !salts || (salts.salt1 === index.salt1 && salts.salt2 === index.salt2);
  const gone = Math.max(0, index.frames - Math.max(index.copied, isSame ? visible : 0));
  if (isSame) return { lostFrames: gone, strayFrames: 0 };
  const later = (index.salt1 - salts.salt1) | 0;
  if (later > 0 && later < generationLimit) return { lostFrames: gone, strayFrames: 0 };
  return later < 0 && later > -generationLimit ? noneGone : { lostFrames: 0, strayFrames: gone };
}
