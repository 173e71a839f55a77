import type { StoreFiles } from '../model/observation.ts';

export const headerBytes = 100;

/** Fields of the 100-byte header. Source: the SQLite file format, section 1.3. */
export function readHeader(bytes: Buffer): StoreFiles['header'] {
  if (bytes.length < headerBytes || bytes.toString('latin1', 0, 16) !== 'SQLite format 3\0') return null;
  const size = bytes.readUInt16BE(16);
  return {
    pageSize: size === 1 ? 65_536 : size,
    pages: bytes.readUInt32BE(28),
    wal: bytes[18] === 2,
    writer: bytes.readUInt32BE(96),
  };
}
