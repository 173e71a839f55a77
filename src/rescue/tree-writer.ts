import { writeSync } from 'node:fs';
import { localBytes } from '../sqlite/page.ts';

/** Bytes of pages that are written at once. */
const chunkBytes = 1024 * 1024;

/** SQLite locks bytes here, and no page that holds them is ever used. Source: the SQLite file format, section 1.3. */
const lockByte = 2 ** 30;

/** Entries of one interior page that is being filled: children, each with the last rowid below it. */
interface Level {
  readonly children: number[];
  readonly keys: number[];
  bytes: number;
}

/**
 * Writes a table's b-tree from rows that come in the order of their rowids, with their records as they are: a row is not
 * taken apart and put together again. Pages go to the end of a file that SQLite has made, and only the root is where it was.
 */
export class TreeWriter {
  private readonly fd: number;
  private readonly pageSize: number;
  private pages: number;
  private readonly chunk: Buffer;
  private chunkPages = 0;
  private chunkAt = 0;
  private readonly leaf: Buffer;
  private cells = 0;
  private content: number;
  private last = -1;
  private readonly levels: Level[] = [];

  /** `pages` is what the file has; none of its bytes is reserved. */
  constructor(fd: number, pageSize: number, pages: number) {
    this.fd = fd;
    this.pageSize = pageSize;
    this.pages = pages;
    this.chunk = Buffer.alloc(Math.max(1, Math.floor(chunkBytes / pageSize)) * pageSize);
    this.leaf = Buffer.alloc(pageSize);
    this.content = pageSize;
  }

  /** False where the row does not follow the one before; nothing is written then. */
  add(rowid: number, bytes: Buffer, start: number, length: number): boolean {
    if (rowid <= this.last) return false;
    const local = localBytes(length, this.pageSize, true);
    const head = varintBytes(length) + varintBytes(rowid);
    const size = head + local + (local < length ? 4 : 0);
    if (8 + 2 * (this.cells + 1) + size > this.content) this.endLeaf();
    const overflow = local < length ? this.addChain(bytes, start + local, start + length) : 0;
    this.content -= size;
    let at = putVarint(this.leaf, this.content, length);
    at = putVarint(this.leaf, at, rowid);
    at += bytes.copy(this.leaf, at, start, start + local);
    if (overflow > 0) this.leaf.writeUInt32BE(overflow, at);
    this.leaf.writeUInt16BE(this.content, 8 + 2 * this.cells);
    this.cells += 1;
    this.last = rowid;
    return true;
  }

  /** Writes what is left, and the root; returns how many pages the file has. */
  end(root: number): number {
    if (this.levels.length === 0) {
      if (this.cells > 0) this.writeAt(root, this.headed());
    } else {
      this.endLeaf();
      for (let at = 0; at < this.levels.length; at += 1) {
        const level = this.levels[at] as Level;
        if (at === this.levels.length - 1) this.writeAt(root, interior(level, level.children.length, this.pageSize));
        else this.endInterior(at, level.children.length);
      }
    }
    this.flush();
    return this.pages;
  }

  private addChain(bytes: Buffer, from: number, to: number): number {
    const first = this.next();
    let page = first;
    for (let at = from; at < to; ) {
      const end = Math.min(to, at + this.pageSize - 4);
      const following = end < to ? page + 1 : 0;
      const next = following > 0 && this.isLocked(following) ? following + 1 : following;
      const into = this.append(page);
      into.writeUInt32BE(next, 0);
      bytes.copy(into, 4, at, end);
      at = end;
      page = next;
    }
    return first;
  }

  private headed(): Buffer {
    this.leaf[0] = 13;
    this.leaf.writeUInt16BE(this.cells, 3);
    this.leaf.writeUInt16BE(this.content === 65_536 ? 0 : this.content, 5);
    return this.leaf;
  }

  private endLeaf(): void {
    if (this.cells === 0) return;
    const page = this.next();
    this.headed().copy(this.append(page));
    this.leaf.fill(0);
    this.cells = 0;
    this.content = this.pageSize;
    this.addChild(0, page, this.last);
  }

  private addChild(at: number, child: number, key: number): void {
    let level = this.levels[at];
    if (!level) {
      level = { children: [], keys: [], bytes: 12 };
      this.levels[at] = level;
    }
    const size = 6 + varintBytes(key);
    // Two stay behind: an interior page has at least one cell beside its right-most child.
    if (level.bytes + size > this.pageSize) this.endInterior(at, level.children.length - 2);
    level.children.push(child);
    level.keys.push(key);
    level.bytes += size;
  }

  /** Writes an interior page of the first children of a level. */
  private endInterior(at: number, count: number): void {
    const level = this.levels[at] as Level;
    const page = this.next();
    interior(level, count, this.pageSize).copy(this.append(page));
    const key = level.keys[count - 1] as number;
    level.children.splice(0, count);
    for (const one of level.keys.splice(0, count)) level.bytes -= 6 + varintBytes(one);
    this.addChild(at + 1, page, key);
  }

  private isLocked(page: number): boolean {
    return page === Math.floor(lockByte / this.pageSize) + 1;
  }

  private next(): number {
    return this.pages + (this.isLocked(this.pages + 1) ? 2 : 1);
  }

  /** Room for a page, zeroed: the next one, or the one after that of SQLite's locks. */
  private append(page: number): Buffer {
    const { pageSize } = this;
    if (this.chunkPages * pageSize === this.chunk.length || page !== this.pages + 1) this.flush();
    if (this.chunkPages === 0) this.chunkAt = (page - 1) * pageSize;
    const into = this.chunk.subarray(this.chunkPages * pageSize, (this.chunkPages + 1) * pageSize);
    into.fill(0);
    this.chunkPages += 1;
    this.pages = page;
    return into;
  }

  private flush(): void {
    writeWhole(this.fd, this.chunk.subarray(0, this.chunkPages * this.pageSize), this.chunkAt);
    this.chunkPages = 0;
  }

  private writeAt(page: number, bytes: Buffer): void {
    writeWhole(this.fd, bytes, (page - 1) * this.pageSize);
  }
}

function interior({ children, keys }: Level, count: number, pageSize: number): Buffer {
  const page = Buffer.alloc(pageSize);
  let content = pageSize;
  for (let cell = 0; cell < count - 1; cell += 1) {
    content -= 4 + varintBytes(keys[cell] as number);
    page.writeUInt32BE(children[cell] as number, content);
    putVarint(page, content + 4, keys[cell] as number);
    page.writeUInt16BE(content, 12 + 2 * cell);
  }
  page[0] = 5;
  page.writeUInt16BE(count - 1, 3);
  page.writeUInt16BE(content === 65_536 ? 0 : content, 5);
  page.writeUInt32BE(children[count - 1] as number, 8);
  return page;
}

export function writeWhole(fd: number, bytes: Buffer, at: number): void {
  for (let done = 0; done < bytes.length; ) done += writeSync(fd, bytes, done, bytes.length - done, at + done);
}

/** Bytes of a number below 2^53 as SQLite writes it. */
function varintBytes(value: number): number {
  let bytes = 1;
  for (let left = value; left >= 128; left = Math.floor(left / 128)) bytes += 1;
  return bytes;
}

/** Returns where the number ends. */
function putVarint(into: Buffer, at: number, value: number): number {
  const end = at + varintBytes(value);
  let left = value;
  for (let byte = end - 1; byte >= at; byte -= 1) {
    into[byte] = (left % 128) | (byte === end - 1 ? 0 : 0x80);
    left = Math.floor(left / 128);
  }
  return end;
}
