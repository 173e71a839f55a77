import type { StoreFiles } from '../model/observation.ts';
import { readStart } from './files.ts';

const headerBytes = 32;
const frameHeaderBytes = 24;
const largestPage = 65_536;
const magics = [0x377f0682, 0x377f0683];

type Wal = Pick<StoreFiles, 'walState' | 'walPageSize'>;

/**
 * Whether a WAL begins as one: header and first frame carry their checksums. SQLite passes over all that follows a
 * wrong one without a word. Source: the SQLite file format, section 4.1 and 4.2.
 */
export async function seeWal(path: string): Promise<Wal> {
  const first = await judge(path);
  // A writer that begins its WAL anew may be between the header and the first frame.
  return first.walState === 'torn' ? judge(path) : first;
}

async function judge(path: string): Promise<Wal> {
  const reading = await readStart(path, headerBytes + frameHeaderBytes + largestPage);
  if (reading.state !== 'read' || reading.bytes.length === 0) return { walState: 'none', walPageSize: null };
  const { bytes } = reading;
  const torn: Wal = { walState: 'torn', walPageSize: null };
  if (bytes.length < headerBytes) return torn;
  const magic = bytes.readUInt32BE(0);
  const pageSize = bytes.readUInt32BE(8);
  if (!magics.includes(magic) || pageSize < 512 || pageSize > largestPage || pageSize & (pageSize - 1)) return torn;
  // The last bit of the magic tells the byte order of the words that are summed up.
  const sum = (from: readonly [number, number], start: number, end: number) =>
    checksum(bytes, start, end, magic & 1, from);
  const header = sum([0, 0], 0, 24);
  if (header[0] !== bytes.readUInt32BE(24) || header[1] !== bytes.readUInt32BE(28)) return torn;
  const end = headerBytes + frameHeaderBytes + pageSize;
  if (bytes.length === headerBytes) return { walState: 'valid', walPageSize: pageSize };
  if (bytes.length < end) return torn;
  const frame = sum(sum(header, headerBytes, headerBytes + 8), headerBytes + frameHeaderBytes, end);
  const salted = bytes.subarray(16, 24).equals(bytes.subarray(headerBytes + 8, headerBytes + 16));
  const whole = frame[0] === bytes.readUInt32BE(headerBytes + 16) && frame[1] === bytes.readUInt32BE(headerBytes + 20);
  return salted && whole ? { walState: 'valid', walPageSize: pageSize } : torn;
}

function checksum(
  bytes: Buffer,
  start: number,
  end: number,
  bigEndian: number,
  [from0, from1]: readonly [number, number],
): readonly [number, number] {
  let [s0, s1] = [from0, from1];
  for (let at = start; at < end; at += 8) {
    s0 = (s0 + s1 + (bigEndian ? bytes.readUInt32BE(at) : bytes.readUInt32LE(at))) >>> 0;
    s1 = (s1 + s0 + (bigEndian ? bytes.readUInt32BE(at + 4) : bytes.readUInt32LE(at + 4))) >>> 0;
  }
  return [s0, s1];
}
