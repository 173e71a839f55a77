import { readWhole } from '../sqlite/pages.ts';
import { equal, frameChecksum, frameHeaderBytes, parseFrameHeader } from '../sqlite/wal.ts';
import type { Source } from './source.ts';

/** Whether a frame of any generation carries its checksum, which follows from that of the frame before it. */
export function soundness({ wal, format: { pageSize } }: Pick<Source, 'wal' | 'format'>): (frame: number) => boolean {
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
