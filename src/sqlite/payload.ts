import type { BtreePage, Cell } from './page.ts';
import type { Pages } from './pages.ts';

/** Largest payload that is put together; what is longer is read up to here. */
const payloadLimit = 1024 * 1024;

export interface Payload {
  /** Of a payload longer than the limit, or whose chain breaks off, its beginning. */
  readonly bytes: Buffer;
  readonly complete: boolean;
}

/** The payload of a cell, from its page and its overflow chain. */
export function readPayload(pages: Pages, page: BtreePage, cell: Cell, limit = payloadLimit): Payload {
  const local = page.bytes.subarray(cell.payloadStart, cell.payloadStart + cell.local);
  if (cell.overflow === 0 || cell.local >= limit) return { bytes: Buffer.from(local), complete: cell.overflow === 0 };
  const parts = [Buffer.from(local)];
  const wanted = Math.min(cell.payload, limit);
  const into = pages.buffer();
  let [got, next] = [cell.local, cell.overflow];
  while (got < wanted && next > 0 && next <= pages.count) {
    const read = pages.read(next, into);
    if (!read) break;
    const part = Buffer.from(read.subarray(4, 4 + Math.min(pages.header.usableSize - 4, wanted - got)));
    parts.push(part);
    got += part.length;
    next = read.readUInt32BE(0);
  }
  return { bytes: Buffer.concat(parts), complete: got === cell.payload };
}
