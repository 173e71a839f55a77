import type { Cell } from '../sqlite/page.ts';
import type { Image } from './image.ts';

/** Largest row that is put together; of Coven's, none comes near. */
export const payloadLimit = 64 * 1024 ** 2;

/** Chains that may run through one page: copies of a row, in frames that were replaced, share one. */
const visitLimit = 64;

/** A payload, where it lies; the buffer is only valid until the next one is asked for. */
export interface Payload {
  readonly bytes: Buffer;
  readonly start: number;
  readonly length: number;
}

/**
 * Puts together payloads of which overflow pages hold a part. A chain has exactly the pages that its length asks for, so it
 * ends; and no page is visited more than some times in all, so that all chains together end, too.
 */
export class ChainReader {
  /** The overflow pages of the last payload. */
  readonly pages: number[] = [];
  private readonly visits: Uint8Array;
  private readonly into: Buffer;
  private whole = Buffer.alloc(64 * 1024);
  private readonly image: Image;
  private readonly usableSize: number;
  /** Makes a second chain through the same page fail: of rows that the ledger holds, each has its own. */
  constructor(image: Image, pageSize: number, usableSize: number) {
    this.image = image;
    this.usableSize = usableSize;
    this.into = Buffer.alloc(pageSize);
    this.visits = new Uint8Array(image.count + 1);
  }

  /** Null where the chain breaks off, goes on too long, or leads out of the file. */
  payload(page: Buffer, cell: Pick<Cell, 'payload' | 'local' | 'payloadStart' | 'overflow'>): Payload | null {
    this.pages.length = 0;
    if (cell.overflow === 0) return { bytes: page, start: cell.payloadStart, length: cell.payload };
    if (cell.payload > payloadLimit) return null;
    if (this.whole.length < cell.payload) this.whole = Buffer.alloc(Math.max(cell.payload, 2 * this.whole.length));
    page.copy(this.whole, 0, cell.payloadStart, cell.payloadStart + cell.local);
    let next = cell.overflow;
    for (let got = cell.local; got < cell.payload; ) {
      if (next < 2 || next > this.image.count || (this.visits[next] as number) >= visitLimit) return null;
      this.visits[next] = (this.visits[next] as number) + 1;
      this.pages.push(next);
      const read = this.image.read(next, this.into);
      if (!read) return null;
      got += read.copy(this.whole, got, 4, 4 + Math.min(this.usableSize - 4, cell.payload - got));
      next = read.readUInt32BE(0);
    }
    return next === 0 ? { bytes: this.whole, start: 0, length: cell.payload } : null;
  }

  /** Forgets who came by, before the rows that were chosen are read again. */
  reset(): void {
    this.visits.fill(0);
  }
}
