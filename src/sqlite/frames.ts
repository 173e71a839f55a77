import { readSync } from 'node:fs';
import { isFirstFrame, type Said, saidByFrame } from './frame-proof.ts';
import {
  type Checksum,
  equal,
  frameChecksum,
  frameHeaderBytes,
  parseFrameHeader,
  parseWalHeader,
  type WalHeader,
  walHeaderBytes,
} from './wal.ts';

/** Frames of this many bytes are read at once. */
const chunkBytes = 512 * 1024;

/** More frames than this are not read: 4 million of 4 KiB are a WAL of 16 GB. */
const frameLimit = 4_000_000;

/** Frames at the beginning among which a WAL without its header must show a checksum that fits. */
const searchedFrames = 2000;

/** `other`: of an older generation, which SQLite passes over, or no frame at all. */
export type FrameState = 'sound' | 'damaged' | 'other';
const states: readonly FrameState[] = ['other', 'sound', 'damaged'];

/** Every frame of a WAL's current generation. Frames count from 0. */
export interface Frames {
  readonly pageSize: number;
  readonly salt1: number;
  readonly salt2: number;
  /** Whether the header carries its checksum. */
  readonly header: 'sound' | 'damaged';
  /** Whole frames that the file has room for, of whatever generation. */
  readonly slots: number;
  /** False where the time ended before the last one. */
  readonly complete: boolean;
  /** Frames up to here are all that SQLite takes: the last commit before the first frame that does not fit. */
  readonly visible: number;
  readonly visibleCommits: number;
  /** Sound frames that end a commit which SQLite does not see, since a frame or the header before them is damaged. */
  readonly hiddenCommits: number;
  /** The frame at which SQLite stops although sound commits follow; null where none follow. */
  readonly firstDamaged: number | null;
  /** Frames that claim to end a commit and do not carry their checksum, with no sound commit behind them. */
  readonly tornCommits: number;
  /** Sound frames of the current generation. */
  readonly sound: number;
  readonly pageOf: (frame: number) => number;
  /** Pages of the database after the commit that this frame ends; else 0. */
  readonly commitOf: (frame: number) => number;
  readonly stateOf: (frame: number) => FrameState;
  /**
   * What a frame of the current generation said of its page whose salts, stored checksum, or page number or size alone are damaged; null for all
   * others.
   */
  readonly saidBy: (frame: number) => Said | null;
  /** The first salt of the frame: each generation has its own, and the newest one begins the file. */
  readonly saltOf: (frame: number) => number;
  /** Where the frame's page begins in the file. */
  readonly offsetOf: (frame: number) => number;
}

/**
 * Reads every frame. Each checksum is seeded with the one that its predecessor carries, or should carry, so that a
 * damaged frame costs only itself. Null where the file holds no sound frame and no sound header: it is no WAL.
 * `pageSize` is the ledger's, for a WAL that has lost its header; `hurry` tells when to stop.
 */
export function readFrames(fd: number, size: number, pageSize: number, hurry: () => boolean): Frames | null {
  const start = Buffer.alloc(walHeaderBytes);
  const got = size > 0 ? readSync(fd, start, 0, walHeaderBytes, 0) : 0;
  const header = parseWalHeader(start.subarray(0, got));
  const generation = header ?? findGeneration(fd, size, pageSize);
  if (!generation) return null;
  return scan(fd, size, generation, header !== null, hurry);
}

function scan(fd: number, size: number, from: WalHeader, hasHeader: boolean, hurry: () => boolean): Frames {
  const { pageSize, bigEndian, salt1, salt2 } = from;
  const frameBytes = frameHeaderBytes + pageSize;
  const slots = Math.min(frameLimit, Math.max(0, Math.floor((size - walHeaderBytes) / frameBytes)));
  const pages = new Uint32Array(slots);
  const commits = new Uint32Array(slots);
  const salts = new Uint32Array(slots);
  const marks = new Uint8Array(slots);
  const perChunk = Math.max(1, Math.floor(chunkBytes / frameBytes));
  const chunk = Buffer.allocUnsafeSlow(Math.min(perChunk, Math.max(slots, 1)) * frameBytes);
  let seeds: readonly Checksum[] = hasHeader ? [from.checksum] : [];
  const said = new Map<number, Said>();
  const sayingOf = (frame: number): Said => ({ page: pages[frame] ?? 0, commit: commits[frame] ?? 0 });
  let read = 0;
  for (let first = 0; first < slots && !hurry(); first += perChunk) {
    const wanted = Math.min(perChunk, slots - first);
    const bytes = readSync(fd, chunk, 0, wanted * frameBytes, walHeaderBytes + first * frameBytes);
    const whole = Math.floor(bytes / frameBytes);
    for (let index = 0; index < whole; index += 1) {
      const frame = parseFrameHeader(chunk, index * frameBytes);
      const isCurrent = frame.salt1 === salt1 && frame.salt2 === salt2;
      const sums = isCurrent
        ? seeds.map((seed) => frameChecksum(chunk, index * frameBytes, pageSize, bigEndian, seed))
        : [];
      const fits = sums.findIndex((sum) => equal(sum, frame.checksum));
      const isSound = frame.page > 0 && fits >= 0;
      pages[first + index] = frame.page;
      commits[first + index] = frame.commit;
      salts[first + index] = frame.salt1;
      marks[first + index] = !isCurrent ? 0 : isSound ? 1 : 2;
      const [seed] = seeds;
      if (isSound && fits > 0) said.set(first + index - 1, sayingOf(first + index - 1));
      else if (isCurrent && !isSound) {
        const at = index * frameBytes;
        const is = seed
          ? saidByFrame(chunk, at, pageSize, bigEndian, seed, frame)
          : first + index === 0 && frame.page > 0 && isFirstFrame(chunk, at, from, frame)
            ? frame
            : null;
        if (is) said.set(first + index, { page: is.page, commit: is.commit });
      }
      // The salts are not in the checksum.
      const isBehindCurrent = first + index > 0 && marks[first + index - 1] !== 0;
      if (!isCurrent && seed && isBehindCurrent && frame.page > 0) {
        const sum = frameChecksum(chunk, index * frameBytes, pageSize, bigEndian, seed);
        if (equal(sum, frame.checksum)) said.set(first + index, { page: frame.page, commit: frame.commit });
      }
      // Where only the stored checksum of a damaged frame is wrong, the next one fits the sum that it should have.
      seeds = isSound || sums.length === 0 ? [frame.checksum] : [frame.checksum, sums[0] as Checksum];
    }
    read = first + whole;
    if (whole < wanted) break;
  }
  return {
    ...judge(marks.subarray(0, read), commits, hasHeader),
    pageSize,
    salt1,
    salt2,
    header: hasHeader ? 'sound' : 'damaged',
    slots,
    complete: read === slots,
    pageOf: (frame) => pages[frame] ?? 0,
    commitOf: (frame) => commits[frame] ?? 0,
    saltOf: (frame) => salts[frame] ?? 0,
    stateOf: (frame) => states[marks[frame] ?? 0] ?? 'other',
    saidBy: (frame) => said.get(frame) ?? null,
    offsetOf: (frame) => walHeaderBytes + frame * frameBytes + frameHeaderBytes,
  };
}

type Judgement = Pick<
  Frames,
  'visible' | 'visibleCommits' | 'hiddenCommits' | 'firstDamaged' | 'tornCommits' | 'sound'
>;

function judge(marks: Uint8Array, commits: Uint32Array, hasHeader: boolean): Judgement {
  let [stop, visible, visibleCommits] = [0, 0, 0];
  while (hasHeader && stop < marks.length && marks[stop] === 1) {
    stop += 1;
    if ((commits[stop - 1] ?? 0) === 0) continue;
    visible = stop;
    visibleCommits += 1;
  }
  let [hiddenCommits, tornCommits, sound] = [0, 0, stop];
  for (let frame = stop; frame < marks.length; frame += 1) {
    if (marks[frame] === 1) sound += 1;
    if ((commits[frame] ?? 0) === 0 || marks[frame] === 0) continue;
    if (marks[frame] === 1) hiddenCommits += 1;
    // A torn frame that sound commits follow is not the end of the log.
    tornCommits = marks[frame] === 1 ? 0 : tornCommits + 1;
  }
  return { visible, visibleCommits, hiddenCommits, firstDamaged: hiddenCommits > 0 ? stop : null, tornCommits, sound };
}

/** The generation of a WAL without a header, told by the first frame whose checksum follows from the one before it. */
function findGeneration(fd: number, size: number, pageSize: number): WalHeader | null {
  const frameBytes = frameHeaderBytes + pageSize;
  const slots = Math.min(searchedFrames, Math.floor((size - walHeaderBytes) / frameBytes));
  const two = Buffer.allocUnsafeSlow(2 * frameBytes);
  for (let frame = 0; frame + 1 < slots; frame += 1) {
    if (readSync(fd, two, 0, two.length, walHeaderBytes + frame * frameBytes) < two.length) return null;
    const { checksum } = parseFrameHeader(two, 0);
    const next = parseFrameHeader(two, frameBytes);
    // Of zeros, every checksum is that of the seed.
    if (next.page === 0 || (next.checksum.s0 === 0 && next.checksum.s1 === 0)) continue;
    for (const bigEndian of [false, true]) {
      if (!equal(frameChecksum(two, frameBytes, pageSize, bigEndian, checksum), next.checksum)) continue;
      return { bigEndian, pageSize, salt1: next.salt1, salt2: next.salt2, checksum };
    }
  }
  return null;
}
