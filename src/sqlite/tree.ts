import { type BtreePage, type Cell, cellAt, parsePage } from './page.ts';
import type { Pages } from './pages.ts';

/** SQLite goes no deeper. Source: BTCURSOR_MAX_DEPTH in its btreeInt.h. */
export const depthLimit = 20;

/** Every child of an interior page whose cells can be read, left to right. */
export function childrenOf(page: BtreePage): readonly number[] {
  const children: number[] = [];
  for (let index = 0; index < page.cells; index += 1) {
    const cell = cellAt(page, index);
    if (typeof cell !== 'string') children.push(cell.child);
  }
  return [...children, page.rightChild];
}

/**
 * The leaf pages of a b-tree that can be reached and read, left to right; damaged pages are passed over, and each page is
 * visited once. The page is only valid until the next one is asked for.
 */
export function* leavesOf(pages: Pages, root: number, isTable: boolean): Generator<BtreePage> {
  const into = pages.buffer();
  const visited = new Set<number>();
  const stack = [{ number: root, depth: 0 }];
  for (let next = stack.pop(); next; next = stack.pop()) {
    const { number, depth } = next;
    if (number < 1 || number > pages.count || visited.has(number) || depth > depthLimit) continue;
    visited.add(number);
    const bytes = pages.read(number, into);
    const page = bytes && parsePage(bytes, number, pages.header.usableSize);
    if (!page || typeof page === 'string' || page.isTable !== isTable) continue;
    if (page.isLeaf) yield page;
    else for (const child of childrenOf(page).toReversed()) stack.push({ number: child, depth: depth + 1 });
  }
}

/** Whether every page of a table's b-tree can be read, and leads where it must. */
export function isTreeWhole(pages: Pages, root: number): boolean {
  const into = pages.buffer();
  const visited = new Set<number>();
  const stack = [root];
  for (let next = stack.pop(); next !== undefined; next = stack.pop()) {
    const bytes = next >= 1 && next <= pages.count && !visited.has(next) ? pages.read(next, into) : null;
    const page = bytes && parsePage(bytes, next, pages.header.usableSize);
    if (!page || typeof page === 'string' || !page.isTable) return false;
    visited.add(next);
    if (page.isLeaf) continue;
    const children = childrenOf(page);
    if (children.length !== page.cells + 1) return false;
    stack.push(...children);
  }
  return true;
}

/** The cells of a page that lie within it. */
export function* cellsOf(page: BtreePage): Generator<Cell> {
  for (let index = 0; index < page.cells; index += 1) {
    const cell = cellAt(page, index);
    if (typeof cell !== 'string') yield cell;
  }
}

/** The leaf of a table in which `rowid` lies if the table has it, read into `into`; null where the way to it is damaged. */
export function findLeaf(
  pages: Pages,
  root: number,
  rowid: number,
  into: Buffer,
): { readonly number: number; readonly page: BtreePage } | null {
  let number = root;
  for (let depth = 0; depth <= depthLimit; depth += 1) {
    const bytes = number >= 1 && number <= pages.count ? pages.read(number, into) : null;
    const page = bytes && parsePage(bytes, number, pages.header.usableSize);
    if (!page || typeof page === 'string' || !page.isTable) return null;
    if (page.isLeaf) return { number, page };
    number = page.rightChild;
    for (const cell of cellsOf(page)) {
      if (rowid > cell.rowid) continue;
      number = cell.child;
      break;
    }
  }
  return null;
}
