import { addUp, type Checksum, type FrameHeader, frameHeaderBytes, takeAway, walHeaderBytes } from './wal.ts';

/** What a frame says of its page, in its first 8 bytes. */
export type Said = Pick<FrameHeader, 'page' | 'commit'>;

/** Pages of the largest ledger, and beginnings of the oldest WAL, that are believed of a damaged one. */
const believed = 2 ** 26;

/**
 * What a frame said whose page number or size alone is damaged; null where more is. The page and the checksum leave one value for each
 * of the two: that the other one comes out as it is, and this one as a number that makes sense, is no accident.
 */
export function saidByFrame(
  bytes: Buffer,
  at: number,
  pageSize: number,
  bigEndian: boolean,
  seed: Checksum,
  { page, commit, checksum }: FrameHeader,
): Said | null {
  const data = at + frameHeaderBytes;
  const { s0, s1 } = takeAway(bytes, data, data + pageSize, bigEndian, checksum);
  const was = {
    page: numberOf(s0 - seed.s0 - seed.s1, bigEndian),
    commit: numberOf(s1 - seed.s1 - s0, bigEndian),
  };
  const isPage = was.commit === commit && was.page > 0 && was.page <= believed;
  const isSize = was.page === page && was.commit <= believed;
  return isPage || isSize ? was : null;
}

/**
 * Whether the first frame is as it was written, where the header of the WAL is damaged. Of what its checksum was made of, only the number of
 * times that the WAL began again is not known, and that number has to make sense.
 */
export function isFirstFrame(
  bytes: Buffer,
  at: number,
  { pageSize, bigEndian, salt1, salt2 }: { pageSize: number; bigEndian: boolean; salt1: number; salt2: number },
  { checksum }: FrameHeader,
): boolean {
  const data = at + frameHeaderBytes;
  const before = takeAway(bytes, data, data + pageSize, bigEndian, checksum);
  const seed = takeAway(bytes, at, at + 8, bigEndian, before);
  const header = Buffer.alloc(walHeaderBytes);
  for (const [index, word] of [bigEndian ? 0x377f0683 : 0x377f0682, 3_007_000, pageSize, 0, salt1, salt2].entries())
    header.writeUInt32BE(word, 4 * index);
  const [from, to] = [addUp(header, 0, 8, bigEndian, { s0: 0, s1: 0 }), takeAway(header, 16, 24, bigEndian, seed)];
  // With 0 in the place of that number, the first of both sums is what it has to be, and the second lacks the number.
  const without = addUp(header, 8, 16, bigEndian, from);
  return without.s0 === to.s0 && numberOf(to.s1 - without.s1, bigEndian) < believed;
}

/** The number in a file, which are all big-endian, whose word is added to a checksum. */
function numberOf(word: number, bigEndian: boolean): number {
  if (bigEndian) return word >>> 0;
  const bytes = Buffer.alloc(4);
  bytes.writeInt32LE(word | 0);
  return bytes.readUInt32BE();
}
