import { headerBytes } from './header.ts';
import { varint, varintEnd } from './varint.ts';

/** The header of a b-tree page. Source: the SQLite file format, section 1.6. */
export interface BtreePage {
  readonly bytes: Buffer;
  readonly usableSize: number;
  readonly isTable: boolean;
  readonly isLeaf: boolean;
  readonly cells: number;
  /** Offset of the b-tree header: 100 on page 1, else 0. */
  readonly start: number;
  /** Offset of the cell pointer array. */
  readonly pointers: number;
  /** The right-most child of an interior page; 0 in a leaf. */
  readonly rightChild: number;
}

/** One cell, with what its page alone tells of it. Offsets count from the page's start. */
export interface Cell {
  readonly start: number;
  readonly end: number;
  /** The left child, of interior pages; else 0. */
  readonly child: number;
  /** Of table pages; else 0. */
  readonly rowid: number;
  /** Bytes of the whole payload; 0 in a table's interior page, which has none. */
  readonly payload: number;
  readonly payloadStart: number;
  /** Bytes of the payload that lie in this page. */
  readonly local: number;
  /** First page of the overflow chain; 0 where there is none. */
  readonly overflow: number;
}

const kinds: Readonly<Record<number, { readonly isTable: boolean; readonly isLeaf: boolean }>> = {
  2: { isTable: false, isLeaf: false },
  5: { isTable: true, isLeaf: false },
  10: { isTable: false, isLeaf: true },
  13: { isTable: true, isLeaf: true },
};

/** A b-tree page, or what is wrong with its header. Cells are checked one by one when they are read. */
export function parsePage(bytes: Buffer, number: number, usableSize: number): BtreePage | string {
  const start = number === 1 ? headerBytes : 0;
  const kind = kinds[bytes[start] ?? 0];
  if (!kind) return `is no b-tree page (its first byte is ${bytes[start] ?? 'missing'})`;
  const cells = bytes.readUInt16BE(start + 3);
  const pointers = start + (kind.isLeaf ? 8 : 12);
  // A content start of 0 stands for 65536.
  const content = bytes.readUInt16BE(start + 5) || 65_536;
  if (pointers + 2 * cells > content || content > usableSize)
    return `says that it holds ${cells} cells, which do not fit`;
  return {
    bytes,
    usableSize,
    ...kind,
    cells,
    start,
    pointers,
    rightChild: kind.isLeaf ? 0 : bytes.readUInt32BE(start + 8),
  };
}

/** The cell with the given index, from 0; a text where it does not lie within its page. */
export function cellAt(page: BtreePage, index: number): Cell | string {
  const { bytes, usableSize, isTable, isLeaf, pointers, cells } = page;
  const start = bytes.readUInt16BE(pointers + 2 * index);
  if (start < pointers + 2 * cells || start > usableSize - 4) return `points to a cell at ${start}, outside its cells`;
  let at = start;
  const child = isLeaf ? 0 : bytes.readUInt32BE(at);
  if (!isLeaf) at += 4;
  if (isTable && !isLeaf) {
    const end = varintEnd(bytes, at);
    if (end > usableSize) return `holds a cell at ${start} that does not end in it`;
    return { start, end, child, rowid: varint(bytes, at), payload: 0, payloadStart: end, local: 0, overflow: 0 };
  }
  const payload = varint(bytes, at);
  at = varintEnd(bytes, at);
  const rowid = isTable ? varint(bytes, at) : 0;
  if (isTable) at = varintEnd(bytes, at);
  if (payload < 0 || payload > 0x7fffffff) return `holds a cell at ${start} that claims ${payload} bytes`;
  const local = localBytes(payload, usableSize, isTable);
  const spills = local < payload;
  // A cell takes at least 4 bytes of its page.
  const end = Math.max(at + local + (spills ? 4 : 0), start + 4);
  if (end > usableSize) return `holds a cell at ${start} that does not end in it`;
  return {
    start,
    end,
    child,
    rowid,
    payload,
    payloadStart: at,
    local,
    overflow: spills ? bytes.readUInt32BE(at + local) : 0,
  };
}

/** All cells of a page, or what is wrong with one or with how they lie. */
export function readCells(page: BtreePage): readonly Cell[] | string {
  const cells: Cell[] = [];
  for (let index = 0; index < page.cells; index += 1) {
    const cell = cellAt(page, index);
    if (typeof cell === 'string') return cell;
    cells.push(cell);
  }
  return checkLayout(page, cells) ?? cells;
}

/** Bytes of a payload that its b-tree page holds itself. Source: the same section, "B-tree Cell Format". */
export function localBytes(payload: number, usableSize: number, isTable: boolean): number {
  const most = isTable ? usableSize - 35 : Math.floor(((usableSize - 12) * 64) / 255) - 23;
  if (payload <= most) return payload;
  const least = Math.floor(((usableSize - 12) * 32) / 255) - 23;
  const fit = least + ((payload - least) % (usableSize - 4));
  return fit <= most ? fit : least;
}

/** Pages of the overflow chain of a cell. */
export function chainLength(cell: Cell, usableSize: number): number {
  return Math.ceil((cell.payload - cell.local) / (usableSize - 4));
}

/** Where what begins at each byte of a page ends; 0 where nothing does. */
const endsAt = new Uint32Array(65_536);

/**
 * Whether cells and free blocks of a page share no byte, and leave as many unused bytes as its header says; else what
 * is wrong. Source: SQLite checks the same in `PRAGMA integrity_check`.
 */
export function checkLayout(page: BtreePage, cells: readonly Cell[]): string | null {
  const { bytes, usableSize, start, pointers } = page;
  const content = bytes.readUInt16BE(start + 5) || 65_536;
  endsAt.fill(0, 0, usableSize);
  for (const cell of cells) {
    if (endsAt[cell.start] !== 0) return `uses its byte ${cell.start} twice`;
    endsAt[cell.start] = cell.end;
  }
  let spans = cells.length;
  // Each free block lies behind the one before and takes at least 4 bytes, so the chain ends.
  for (let [block, before] = [bytes.readUInt16BE(start + 1), 0]; block !== 0; ) {
    if (block <= before || block < content || block > usableSize - 4)
      return `has a free block at ${block}, outside its cells`;
    const size = bytes.readUInt16BE(block + 2);
    if (size < 4 || block + size > usableSize) return `has a free block at ${block} of ${size} bytes, which do not fit`;
    if (endsAt[block] !== 0) return `uses its byte ${block} twice`;
    endsAt[block] = block + size;
    spans += 1;
    before = block;
    block = bytes.readUInt16BE(block);
  }
  const first = Math.max(content, pointers + 2 * page.cells);
  let [unused, met] = [0, 0];
  for (let at = first; at < usableSize; ) {
    const end = endsAt[at] as number;
    if (end === 0) unused += 1;
    else met += 1;
    at = end || at + 1;
  }
  // What begins within another one is not met.
  if (met !== spans) return `uses its byte ${firstTwice(first, usableSize)} twice`;
  const said = bytes[start + 7] ?? 0;
  return unused === said ? null : `has ${unused} unused bytes and says ${said}`;
}

/** The first byte at which something begins that lies within something else, or before `first`. */
function firstTwice(first: number, usableSize: number): number {
  let end = first;
  for (let at = 0; at < usableSize; at += 1) {
    const to = endsAt[at] as number;
    if (to !== 0 && at < end) return at;
    end = Math.max(end, to);
  }
  return first;
}
