import { isUtf8 } from 'node:buffer';

/** Most columns of a table that is known by shape, and most that SQLite takes without being built for more. */
export const columnLimit = 2000;

/**
 * A record as it lies in a buffer, read without making an object for each value: a ledger has millions. Source: the SQLite
 * file format, section 2.1.
 */
export class RecordView {
  readonly types: Float64Array = new Float64Array(columnLimit);
  /** Offsets in the buffer. */
  readonly starts: Float64Array = new Float64Array(columnLimit + 1);
  columns = 0;
  bytes: Buffer = Buffer.alloc(0);
  start = 0;
  /** Bytes of header and values together. */
  total = 0;
  headerEnd = 0;

  /** Reads the header at `start`, which must lie before `end`; false where it makes no sense. */
  parse(bytes: Buffer, start: number, end: number): boolean {
    this.bytes = bytes;
    this.start = start;
    let at = start;
    let size = bytes[at++] ?? 0;
    if (size >= 0x80) {
      const more = bytes[at++] ?? 0x80;
      if (more >= 0x80) return false;
      size = ((size & 0x7f) << 7) | more;
    }
    const headerEnd = start + size;
    if (size < 2 || headerEnd > end) return false;
    let columns = 0;
    let value = headerEnd;
    while (at < headerEnd) {
      let type = bytes[at++] as number;
      if (type >= 0x80) {
        type &= 0x7f;
        let byte: number;
        let length = 1;
        do {
          if (at >= headerEnd || length === 5) return false;
          byte = bytes[at++] as number;
          length += 1;
          type = type * 128 + (byte & 0x7f);
        } while (byte >= 0x80);
      }
      if (columns >= columnLimit || type === 10 || type === 11) return false;
      this.types[columns] = type;
      this.starts[columns] = value;
      columns += 1;
      value += sizeOf(type);
    }
    this.starts[columns] = value;
    this.columns = columns;
    this.headerEnd = headerEnd;
    this.total = value - start;
    return true;
  }
}

const small = [0, 1, 2, 3, 4, 6, 8, 8, 0, 0, 0, 0];
const sizeOf = (type: number): number => (type >= 12 ? Math.floor((type - 12) / 2) : (small[type] as number));

export const isText = (type: number): boolean => type >= 13 && type % 2 === 1;
export const isBlob = (type: number): boolean => type >= 12 && type % 2 === 0;

/** Whether every text of a record that lies in its buffer whole is UTF-8, and holds no NUL. Neighbours are read as one. */
export function hasUtf8(record: RecordView): boolean {
  const { types, starts, columns, bytes } = record;
  let from = -1;
  for (let column = 0; column <= columns; column += 1) {
    const type = column < columns ? (types[column] as number) : 0;
    if (column < columns && isText(type)) {
      if (from < 0) from = starts[column] as number;
      continue;
    }
    // A value of no bytes between two texts does not part them.
    if (column < columns && starts[column + 1] === starts[column]) continue;
    if (from >= 0 && !isSoundText(bytes.subarray(from, starts[column] as number))) return false;
    from = -1;
  }
  return true;
}

/** Coven writes no NUL, and lost sectors are full of them. */
const isSoundText = (text: Buffer): boolean => isUtf8(text) && text.indexOf(0) < 0;

/** A number of 53 bits for the values of some columns, by which entries of indexes are held against rows. */
export function hashColumns(record: RecordView, columns: readonly number[]): number {
  let h1 = 0xdeadbeef;
  let h2 = 0x41c6ce57;
  const { types, starts, bytes } = record;
  for (const column of columns) {
    const type = column < record.columns ? (types[column] as number) : 0;
    const end = column < record.columns ? (starts[column + 1] as number) : 0;
    h1 = Math.imul(h1 ^ type, 2654435761);
    h2 = Math.imul(h2 ^ type, 1597334677);
    for (let at = column < record.columns ? (starts[column] as number) : 0; at < end; at += 1) {
      const byte = bytes[at] as number;
      h1 = Math.imul(h1 ^ byte, 2654435761);
      h2 = Math.imul(h2 ^ byte, 1597334677);
    }
  }
  h1 = Math.imul(h1 ^ (h1 >>> 16), 2246822507) ^ Math.imul(h2 ^ (h2 >>> 13), 3266489909);
  h2 = Math.imul(h2 ^ (h2 >>> 16), 2246822507) ^ Math.imul(h1 ^ (h1 >>> 13), 3266489909);
  return 4294967296 * (2097151 & h2) + (h1 >>> 0);
}

/** A value of 1 to 6 bytes, or of 8. */
export const integerAt = (bytes: Buffer, at: number, type: number): number =>
  type === 6 ? Number(bytes.readBigInt64BE(at)) : bytes.readIntBE(at, type === 5 ? 6 : type);
