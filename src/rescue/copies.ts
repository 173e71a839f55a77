import { readWhole } from '../sqlite/pages.ts';
import { equal, frameChecksum, frameHeaderBytes, parseFrameHeader } from '../sqlite/wal.ts';
import { ChainReader } from './chain.ts';
import { imageOf, type Wal } from './image.ts';
import { type Place, RowReader } from './rows.ts';
import type { Source } from './source.ts';

/** Bytes in which a damaged row and its sound copy may differ. More, and the one is no copy of the other. */
const differenceLimit = 16;

/**
 * Copies of events in frames of older generations. An event never changes after Coven has written it, a checkpoint put the same bytes into the main
 * file, and a frame has a checksum, which a page of the main file has not: where the two differ a little, the frame is right.
 */
export interface Copies {
  /** Overflow chains with the pages of those frames in the place of the main file's. */
  readonly chains: ChainReader;
  /** Whether a page of a chain has such a copy, which is what was written. */
  readonly cover: (pages: readonly number[]) => boolean;
  /** Whether a copy of a row, in a frame, is what was written and differs a little from the row. */
  readonly corrects: (copy: Place, row: Place, chains: ChainReader) => boolean;
}

export function copiesOf(source: Source, wal: Wal): Copies {
  const { pageSize, usableSize } = source.format;
  const isSound = soundness(source);
  const sound = new Map([...wal.checkpointed].filter(([, frame]) => isSound(frame)));
  const chains = new ChainReader(imageOf(source, new Map([...sound, ...wal.latest])), pageSize, usableSize);
  const [one, other] = [new RowReader(source), new RowReader(source)];
  return {
    chains,
    cover: (pages) => pages.some((page) => sound.has(page)),
    corrects: (copy, row, own) => {
      const frame = Math.floor(copy.at / (frameHeaderBytes + pageSize));
      if (copy.file !== 1 || row.file !== 0 || !isSound(frame)) return false;
      const right = one.load(copy, true, chains);
      if (!right) return false;
      // The next payload may lie in the same buffer.
      const kept = Buffer.from(right.bytes.subarray(right.start, right.start + right.length));
      const is = other.load(row, true, own);
      return is !== null && isSlightlyDifferent(kept, is.bytes.subarray(is.start, is.start + is.length));
    },
  };
}

/** Whether two payloads of one length differ in at least one byte, and in a few at most. */
export function isSlightlyDifferent(one: Buffer, other: Buffer): boolean {
  if (one.length !== other.length || one.equals(other)) return false;
  let different = 0;
  for (let at = 0; at < one.length && different <= differenceLimit; at += 1) if (one[at] !== other[at]) different += 1;
  return different <= differenceLimit;
}

/** Whether a frame of any generation carries its checksum, which follows from that of the frame before it. */
function soundness({ wal, format: { pageSize } }: Source): (frame: number) => boolean {
  const known = new Map<number, boolean>();
  const frameBytes = frameHeaderBytes + pageSize;
  const two = Buffer.alloc(2 * frameBytes);
  return (frame) => {
    const before = known.get(frame);
    if (before !== undefined || !wal || frame < 1) return before ?? false;
    const from = wal.frames.offsetOf(frame - 1) - frameHeaderBytes;
    let isSound = false;
    if (readWhole(wal.fd, two, from)) {
      const [previous, own] = [parseFrameHeader(two, 0), parseFrameHeader(two, frameBytes)];
      isSound =
        own.salt1 === previous.salt1 &&
        own.salt2 === previous.salt2 &&
        [false, true].some((bigEndian) =>
          equal(frameChecksum(two, frameBytes, pageSize, bigEndian, previous.checksum), own.checksum),
        );
    }
    known.set(frame, isSound);
    return isSound;
  };
}
