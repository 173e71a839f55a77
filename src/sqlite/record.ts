import type { DatabaseHeader } from './header.ts';
import { varint, varintEnd } from './varint.ts';

/** Rows are records: a header of serial types, then the values. Source: the SQLite file format, section 2.1. */
export type Value = null | number | bigint | string | Buffer;

/** Most columns that SQLite can be built for. */
const columnLimit = 32_767;

/** Bytes of a value by its serial type; -1 for the two that SQLite never writes. */
export function serialBytes(type: number): number {
  if (type >= 12) return (type - 12) >> 1;
  return [0, 1, 2, 3, 4, 6, 8, 8, 0, 0, -1, -1][type] ?? -1;
}

export interface RecordHeader {
  readonly types: readonly number[];
  /** Offset of each value from the payload's start. */
  readonly offsets: readonly number[];
  readonly headerBytes: number;
  /** Bytes of header and values: the payload's length, in a sound record. */
  readonly bytes: number;
}

/**
 * The serial types of a record whose first bytes are given; null where they make no sense. A header that goes on beyond
 * the given bytes gives the columns that lie within them, and `bytes` of these alone.
 */
export function parseRecordHeader(payload: Buffer): RecordHeader | null {
  if (payload.length === 0) return null;
  const headerSize = varint(payload, 0);
  let at = varintEnd(payload, 0);
  if (headerSize < at || headerSize > 9 * columnLimit) return null;
  const types: number[] = [];
  const offsets: number[] = [];
  let value = headerSize;
  while (at < headerSize) {
    const next = varintEnd(payload, at);
    if (next > payload.length) break;
    const type = varint(payload, at);
    const bytes = serialBytes(type);
    if (type < 0 || bytes < 0 || next > headerSize || types.length >= columnLimit) return null;
    types.push(type);
    offsets.push(value);
    value += bytes;
    at = next;
  }
  return { headerBytes: headerSize, types, offsets, bytes: value };
}

/** One value; undefined where it does not lie within the given bytes. */
export function valueAt(
  payload: Buffer,
  { types, offsets }: RecordHeader,
  column: number,
  encoding: DatabaseHeader['encoding'],
): Value | undefined {
  const type = types[column];
  const at = offsets[column];
  if (type === undefined || at === undefined || at + serialBytes(type) > payload.length) return undefined;
  switch (type) {
    case 0:
      return null;
    case 5:
    case 6: {
      const exact = type === 5 ? BigInt(payload.readIntBE(at, 6)) : payload.readBigInt64BE(at);
      return BigInt(Number(exact)) === exact && Number.isSafeInteger(Number(exact)) ? Number(exact) : exact;
    }
    case 7:
      return payload.readDoubleBE(at);
    case 8:
    case 9:
      return type - 8;
    default: {
      if (type < 5) return payload.readIntBE(at, type);
      const bytes = payload.subarray(at, at + serialBytes(type));
      return type % 2 === 0 ? Buffer.from(bytes) : textOf(bytes, encoding);
    }
  }
}

function textOf(bytes: Buffer, encoding: DatabaseHeader['encoding']): string {
  if (encoding === 'utf8') return bytes.toString('utf8');
  if (encoding === 'utf16le') return bytes.toString('utf16le');
  return Buffer.from(bytes.subarray(0, bytes.length & ~1))
    .swap16()
    .toString('utf16le');
}
