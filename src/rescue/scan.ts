import { readWhole } from '../sqlite/pages.ts';
import { PageScan, type Scan } from './page-scan.ts';

export interface Scanned {
  /** Pages of the database that could not be read as what their tree says they are. */
  readonly damagedPages: number;
  readonly pages: number;
}

const chunkPages = 256;

/** Reads every page of the main file and every frame of the WAL, and takes down each row and each entry of an index. */
export function scan(of: Scan): Scanned {
  const { source, wal, image, tell } = of;
  const { pageSize } = source.format;
  const work = new PageScan(of);
  const chunk = Buffer.alloc(chunkPages * pageSize);
  let done = 0;
  for (let first = 1; source.main && first <= source.mainPages; first += chunkPages) {
    const from = source.layout.offsetOf(first);
    const got = Math.max(0, Math.min(chunk.length, source.main.size - from));
    const isRead = readWhole(source.main.fd, chunk.subarray(0, got), from) !== null;
    for (let number = first; number < first + chunkPages && number <= source.mainPages; number += 1) {
      const at = source.layout.offsetOf(number);
      const inChunk = isRead && at - from >= 0 && at - from + pageSize <= got;
      const bytes = inChunk
        ? chunk.subarray(at - from, at - from + pageSize)
        : padded(source.main.fd, source.main.size, at, pageSize);
      const place = image.frameOf(number) >= 0 ? 'replaced' : 'current';
      if (bytes) work.page({ bytes, number, file: 0, at, rank: 0, place });
      const other = source.layout.otherOf(number);
      const more = other === null ? null : padded(source.main.fd, source.main.size, other, pageSize);
      if (more && other !== null) work.page({ bytes: more, number, file: 0, at: other, rank: 0, place: 'replaced' });
    }
    done += got;
    tell(done);
  }
  const { frames, fd = -1 } = source.wal ?? {};
  const into = Buffer.alloc(pageSize);
  for (let frame = 0; frames && wal && frame < frames.slots; frame += 1) {
    const use = wal.use(frame);
    if (use === 'none') continue;
    const at = frames.offsetOf(frame);
    const bytes = readWhole(fd, into, at);
    const place = use === 'current' ? 'current' : use === 'damaged' ? 'damaged' : 'replaced';
    const rank = use === 'older' ? frame - 1e9 : 1 + frame;
    if (bytes) work.page({ bytes, number: wal.pageOf(frame), file: 1, at, rank, place });
    if ((frame & 0xff) === 0xff) tell(done + frame * pageSize);
  }
  return { damagedPages: work.damagedPages, pages: work.pages };
}

/** A page that the file ends within, or whose reading fails in part: what there is of it, and zeros. */
function padded(fd: number, size: number, at: number, pageSize: number): Buffer | null {
  const bytes = Buffer.alloc(pageSize);
  const there = Math.min(pageSize, size - at);
  return there > 0 && readWhole(fd, bytes.subarray(0, there), at) ? bytes : null;
}
