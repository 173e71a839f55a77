import { frameHeaderBytes } from '../sqlite/wal.ts';
import { ChainReader } from './chain.ts';
import { soundness } from './frame-sums.ts';
import { imageOf, type Wal } from './image.ts';
import { type Place, RowReader } from './rows.ts';
import { isSlightlyDifferent } from './slightly-different.ts';
import type { Source } from './source.ts';

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
