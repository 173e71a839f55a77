import { checkLayout, parsePage } from '../sqlite/page.ts';
import { type OpenFile, readWhole } from '../sqlite/pages.ts';
import { cellsOf } from '../sqlite/tree.ts';
import type { Format } from './format.ts';

/** Where the pages of a file lie. */
export interface Layout {
  readonly offsetOf: (page: number) => number;
  /** Where else a page may lie: of one in which pages begin to be moved, a part is in either place. */
  readonly otherOf: (page: number) => number | null;
}

const sector = 512;
const chunkPages = 256;
const unknown = 255;

/**
 * A file system or a copy that lost or repeated a sector moves all that follows: there b-tree pages begin at another
 * multiple of 512, and so do the overflow pages between them.
 */
export function layOut(main: OpenFile | null, format: Format): Layout {
  const { pageSize } = format;
  const moved = main && pageSize > sector ? findMoved(main, format) : null;
  if (!main || !moved) return { offsetOf: (page) => (page - 1) * pageSize, otherOf: () => null };
  const pages = new Pages(main, format);
  settle(moved, pages);
  const offsetOf = (page: number): number => pages.offset(page, moved[page] ?? 0);
  return {
    offsetOf,
    otherOf: (page) => {
      const [by, next, before] = [moved[page] ?? 0, moved[page + 1] ?? 0, moved[page - 1] ?? 0];
      const other = by !== next ? next : by !== before ? before : null;
      return page < 2 || other === null ? null : pages.offset(page, other);
    },
  };
}

/** By page, in sectors, how far each b-tree page is moved that is surely not in its place; null where there is none. */
function findMoved({ fd, size }: OpenFile, { pageSize, usableSize }: Format): Uint8Array | null {
  const pages = Math.ceil(size / pageSize);
  const steps = pageSize / sector;
  let moved: Uint8Array | null = null;
  const chunk = Buffer.alloc((chunkPages + 1) * pageSize);
  for (let first = 1; first <= pages; first += chunkPages) {
    const from = (first - 1) * pageSize;
    const bytes = Math.min(chunk.length, size - from);
    if (!readWhole(fd, chunk.subarray(0, bytes), from)) continue;
    for (let page = Math.max(first, 2); page < first + chunkPages; page += 1) {
      const at = (page - first) * pageSize;
      if (at + pageSize > bytes || isBtree(chunk, at)) continue;
      for (let step = 1; step < steps && at + step * sector + pageSize <= bytes; step += 1) {
        const start = at + step * sector;
        if (!isBtree(chunk, start) || !isSound(chunk.subarray(start, start + pageSize), usableSize)) continue;
        moved ??= new Uint8Array(pages + 1).fill(unknown);
        moved[page] = step;
        break;
      }
    }
  }
  return moved;
}

/** Whether the first byte is that of a b-tree page, which an overflow page of some GB may have, too. */
const isBtree = (bytes: Buffer, at = 0): boolean => [2, 5, 10, 13].includes(bytes[at] ?? 0);

function isSound(bytes: Buffer, usableSize: number): boolean {
  const page = parsePage(bytes, 2, usableSize);
  if (typeof page === 'string' || page.cells === 0) return false;
  return [...cellsOf(page)].length === page.cells;
}

/** Pages of a file in which some are moved. */
class Pages {
  private readonly main: OpenFile;
  private readonly format: Format;
  private readonly count: number;
  constructor(main: OpenFile, format: Format) {
    this.main = main;
    this.format = format;
    this.count = Math.ceil(main.size / format.pageSize);
  }

  offset(page: number, step: number): number {
    return (page - 1) * this.format.pageSize + step * sector;
  }

  read(page: number, step: number): Buffer | null {
    return readWhole(this.main.fd, Buffer.alloc(this.format.pageSize), this.offset(page, step));
  }

  isSound(page: number, step: number): boolean {
    const bytes = this.read(page, step);
    return bytes !== null && isSound(bytes, this.format.usableSize);
  }

  /** Whether a page can begin there: one of a b-tree, whole to the byte, or one that begins with the number of a page or with 0. */
  begins(page: number, step: number): boolean {
    const bytes = this.read(page, step);
    if (!bytes) return false;
    if (bytes.readUInt32BE(0) <= this.count) return true;
    const parsed = parsePage(bytes, page, this.format.usableSize);
    if (typeof parsed === 'string') return false;
    const cells = [...cellsOf(parsed)];
    return cells.length === parsed.cells && checkLayout(parsed, cells) === null;
  }

  /** Whether the first sector of a page is there twice, in its place and where the page is moved to. */
  isRepeated(page: number, step: number): boolean {
    const [one, other] = [this.read(page, 0), this.read(page, step)];
    const some = one?.subarray(0, sector);
    return some !== undefined && other !== null && some.some(Boolean) && some.equals(other.subarray(0, sector));
  }
}

/** What lies between two pages that were moved by the same number of sectors was moved as well, where no page is in its place. */
function settle(moved: Uint8Array, pages: Pages): void {
  let last = 0;
  let by = 0;
  for (let page = 1; page < moved.length; page += 1) {
    const step = moved[page] ?? unknown;
    if (step === unknown) {
      if (by > 0 && pages.isSound(page, 0)) by = 0;
      continue;
    }
    const from = step === by ? last : firstMoved(pages, last, page, step);
    moved.fill(step, from, page);
    [last, by] = [page, step];
  }
  // Up to the end, where nothing is in its place again.
  if (by > 0) moved.fill(by, last);
  for (let page = 0; page < moved.length; page += 1) if (moved[page] === unknown) moved[page] = 0;
}

/** From which page on those before a moved one are moved like it; the page in which that begins looks sound in its own place, too. */
function firstMoved(pages: Pages, last: number, moved: number, step: number): number {
  let first = moved;
  for (let page = moved - 1; page > Math.max(last, 1) && pages.begins(page, step); page -= 1) {
    if (pages.isRepeated(page, step)) return page;
    if (pages.isSound(page, 0)) break;
    if (!pages.begins(page, 0)) first = page;
  }
  return first;
}
