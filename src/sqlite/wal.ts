import { endianness } from 'node:os';

/** The write-ahead log's header and frames. Source: the SQLite file format, section 4. */
export const walHeaderBytes = 32;
export const frameHeaderBytes = 24;

const magics = [0x377f0682, 0x377f0683];

export interface WalHeader {
  /** The byte order of the words that checksums add up. */
  readonly bigEndian: boolean;
  readonly pageSize: number;
  readonly salt1: number;
  readonly salt2: number;
  readonly checksum: Checksum;
}

export interface Checksum {
  readonly s0: number;
  readonly s1: number;
}

export interface FrameHeader {
  readonly page: number;
  /** Pages of the database after the commit that this frame ends; 0 in every other frame. */
  readonly commit: number;
  readonly salt1: number;
  readonly salt2: number;
  readonly checksum: Checksum;
}

/** The header of a WAL; null where it does not carry its own checksum, or makes no sense. */
export function parseWalHeader(bytes: Buffer): WalHeader | null {
  if (bytes.length < walHeaderBytes) return null;
  const magic = bytes.readUInt32BE(0);
  const pageSize = bytes.readUInt32BE(8);
  if (!magics.includes(magic) || pageSize < 512 || pageSize > 65_536 || pageSize & (pageSize - 1)) return null;
  const bigEndian = (magic & 1) === 1;
  const stored = { s0: bytes.readUInt32BE(24), s1: bytes.readUInt32BE(28) };
  if (!equal(addUp(bytes, 0, 24, bigEndian, { s0: 0, s1: 0 }), stored)) return null;
  return { bigEndian, pageSize, salt1: bytes.readUInt32BE(16), salt2: bytes.readUInt32BE(20), checksum: stored };
}

/** The header of the frame at `at`. */
export function parseFrameHeader(bytes: Buffer, at: number): FrameHeader {
  return {
    page: bytes.readUInt32BE(at),
    commit: bytes.readUInt32BE(at + 4),
    salt1: bytes.readUInt32BE(at + 8),
    salt2: bytes.readUInt32BE(at + 12),
    checksum: { s0: bytes.readUInt32BE(at + 16), s1: bytes.readUInt32BE(at + 20) },
  };
}

/** The checksum that a frame at `at` must carry when the one before it carries `seed`. */
export function frameChecksum(
  bytes: Buffer,
  at: number,
  pageSize: number,
  bigEndian: boolean,
  seed: Checksum,
): Checksum {
  const header = addUp(bytes, at, at + 8, bigEndian, seed);
  return addUp(bytes, at + frameHeaderBytes, at + frameHeaderBytes + pageSize, bigEndian, header);
}

export const equal = (one: Checksum, other: Checksum): boolean => one.s0 === other.s0 && one.s1 === other.s1;

const isLittleEndian = endianness() === 'LE';

/** The checksum of 8-byte aligned words from `start` to `end`, as unsigned 32-bit halves. */
export function addUp(bytes: Buffer, start: number, end: number, bigEndian: boolean, { s0, s1 }: Checksum): Checksum {
  let [a, b] = [s0 | 0, s1 | 0];
  if (isLittleEndian && !bigEndian && (bytes.byteOffset + start) % 4 === 0) {
    // The same sum on whole words, ten times as fast.
    const words = new Int32Array(bytes.buffer, bytes.byteOffset + start, (end - start) >> 2);
    for (let index = 0; index < words.length; index += 2) {
      a = (a + (words[index] as number) + b) | 0;
      b = (b + (words[index + 1] as number) + a) | 0;
    }
  } else {
    for (let at = start; at < end; at += 8) {
      a = (a + (bigEndian ? bytes.readInt32BE(at) : bytes.readInt32LE(at)) + b) | 0;
      b = (b + (bigEndian ? bytes.readInt32BE(at + 4) : bytes.readInt32LE(at + 4)) + a) | 0;
    }
  }
  return { s0: a >>> 0, s1: b >>> 0 };
}

/** The checksum before words that were added up, of the one after them. */
export function takeAway(bytes: Buffer, start: number, end: number, bigEndian: boolean, sum: Checksum): Checksum {
  let [a, b] = [sum.s0 | 0, sum.s1 | 0];
  const word = (at: number): number => (bigEndian ? bytes.readInt32BE(at) : bytes.readInt32LE(at));
  for (let at = end - 8; at >= start; at -= 8) {
    b = (b - word(at + 4) - a) | 0;
    a = (a - word(at) - b) | 0;
  }
  return { s0: a >>> 0, s1: b >>> 0 };
}
