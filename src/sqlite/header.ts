/** The first 100 bytes of a database file. Source: https://www.sqlite.org/fileformat2.html, section 1.3. */
export interface DatabaseHeader {
  readonly pageSize: number;
  /** Bytes at the end of each page that SQLite leaves to extensions. */
  readonly reserved: number;
  /** The page size less the reserved bytes: what b-trees may use. */
  readonly usableSize: number;
  /** Read and write version 2: a write-ahead log. */
  readonly wal: boolean;
  /** Pages of the database, where the header is known to be up to date; else 0, and the file's size tells. */
  readonly pageCount: number;
  readonly firstTrunk: number;
  readonly freePages: number;
  readonly schemaCookie: number;
  /** Non-zero in auto_vacuum mode, in which pointer map pages lie between the others. */
  readonly largestRoot: number;
  readonly encoding: 'utf8' | 'utf16le' | 'utf16be';
  /** SQLITE_VERSION_NUMBER of the program that wrote last. */
  readonly writer: number;
}

export const headerBytes = 100;

/** SQLite takes the range of locks from the file at this offset; the page that holds it is never used. */
const lockByte = 0x40000000;

/** The header's fields; null where SQLite would not take the file for a database. */
export function parseHeader(bytes: Buffer): DatabaseHeader | null {
  if (bytes.length < headerBytes || bytes.toString('latin1', 0, 16) !== 'SQLite format 3\0') return null;
  const stored = bytes.readUInt16BE(16);
  const pageSize = stored === 1 ? 65_536 : stored;
  const reserved = bytes[20] ?? 0;
  const usableSize = pageSize - reserved;
  const isPowerOfTwo = (pageSize & (pageSize - 1)) === 0;
  if (pageSize < 512 || !isPowerOfTwo || usableSize < 480) return null;
  if (bytes[21] !== 64 || bytes[22] !== 32 || bytes[23] !== 32) return null;
  const encoding = bytes.readUInt32BE(56);
  const isCountValid = bytes.readUInt32BE(24) === bytes.readUInt32BE(92);
  return {
    pageSize,
    reserved,
    usableSize,
    wal: bytes[18] === 2 && bytes[19] === 2,
    pageCount: isCountValid ? bytes.readUInt32BE(28) : 0,
    firstTrunk: bytes.readUInt32BE(32),
    freePages: bytes.readUInt32BE(36),
    schemaCookie: bytes.readUInt32BE(40),
    largestRoot: bytes.readUInt32BE(52),
    encoding: encoding === 2 ? 'utf16le' : encoding === 3 ? 'utf16be' : 'utf8',
    writer: bytes.readUInt32BE(96),
  };
}

/** The page that the lock byte lies in. */
export const lockBytePage = (pageSize: number): number => lockByte / pageSize + 1;

/** Whether a page is a pointer map page, which auto_vacuum puts at page 2 and after each run that it describes. */
export function isPointerMap(page: number, { largestRoot, usableSize, pageSize }: DatabaseHeader): boolean {
  if (largestRoot === 0 || page < 2) return false;
  const perMap = Math.floor(usableSize / 5) + 1;
  const at = Math.floor((page - 2) / perMap) * perMap + 2;
  return page === (at === lockBytePage(pageSize) ? at + 1 : at);
}
