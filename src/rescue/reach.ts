import { parsePage } from '../sqlite/page.ts';
import { childrenOf, depthLimit } from '../sqlite/tree.ts';
import type { Image } from './image.ts';
import type { Index, Model, Table } from './model.ts';

/** A b-tree whose pages were followed from its root. */
export interface Reached {
  readonly of: Table | Index;
  readonly isIndex: boolean;
  /** No page of it is missing, damaged, or another tree's: what it does not hold is not there. */
  isIntact: boolean;
}

/** Which tree leads to a page of the database, and which pages are free. */
export interface Reach {
  readonly trees: readonly Reached[];
  /** Pages that trees lead to and that are no pages of theirs, not there, or on the freelist as well. */
  readonly damagedPages: number;
  /** Null where none does. */
  readonly ownerOf: (page: number) => Reached | null;
  readonly isInterior: (page: number) => boolean;
  /** On the freelist, as far as that could be read. */
  readonly isFree: (page: number) => boolean;
}

const interiorBit = 0x8000;

/**
 * Follows every tree from its root, as far as its interior pages can be read. Leaves are known by their depth, which is that of
 * the first one, and are not read here.
 */
export function reach(
  image: Image,
  model: Model,
  { pageSize, usableSize }: { pageSize: number; usableSize: number },
): Reach {
  const owners = new Uint16Array(image.count + 1);
  const trees: Reached[] = [];
  let damagedPages = 0;
  const into = Buffer.alloc(pageSize);
  const walk = (tree: Reached, root: number, isTable: boolean): void => {
    const mark = trees.push(tree);
    if (root < 2 || root > image.count || mark >= interiorBit) {
      tree.isIntact = false;
      return;
    }
    let leafDepth = -1;
    const stack = [{ number: root, depth: 0 }];
    for (let next = stack.pop(); next; next = stack.pop()) {
      const { number, depth } = next;
      if (number < 2 || number > image.count || owners[number] !== 0 || depth > depthLimit) {
        tree.isIntact = false;
        continue;
      }
      if (depth === leafDepth) {
        owners[number] = mark;
        // No page of a file that was cut is met while its pages are read.
        if (!image.has(number)) {
          tree.isIntact = false;
          damagedPages += 1;
        }
        continue;
      }
      const bytes = image.read(number, into);
      const page = bytes && parsePage(bytes, number, usableSize);
      if (!page || typeof page === 'string' || page.isTable !== isTable) {
        tree.isIntact = false;
        damagedPages += 1;
        // A page that is another tree's is not taken from it; one that cannot be read is nobody else's.
        if (typeof page === 'string' && depth > 0) owners[number] = mark;
        continue;
      }
      if (page.isLeaf) {
        if (leafDepth === -1) leafDepth = depth;
        owners[number] = mark;
        continue;
      }
      owners[number] = mark | interiorBit;
      const children = childrenOf(page);
      if (children.length !== page.cells + 1) tree.isIntact = false;
      for (const child of children.toReversed()) stack.push({ number: child, depth: depth + 1 });
    }
  };
  for (const of of model.tables) walk({ of, isIndex: false, isIntact: true }, of.root, !of.withoutRowid);
  for (const of of model.indexes) walk({ of, isIndex: true, isIntact: true }, of.root, false);
  const free = freePages(image, usableSize, pageSize);
  // The next program that writes takes such a page for another use.
  for (let page = 2; page <= image.count; page += 1) if (free[page] === 1 && owners[page] !== 0) damagedPages += 1;
  return {
    trees,
    damagedPages,
    ownerOf: (page) => trees[((owners[page] ?? 0) & ~interiorBit) - 1] ?? null,
    isInterior: (page) => ((owners[page] ?? 0) & interiorBit) !== 0,
    isFree: (page) => free[page] === 1,
  };
}

/** Source: the SQLite file format, section 1.5. */
function freePages(image: Image, usableSize: number, pageSize: number): Uint8Array {
  const free = new Uint8Array(image.count + 1);
  const into = Buffer.alloc(pageSize);
  const first = image.read(1, into);
  let trunk = first && parsePage(first, 1, usableSize) ? first.readUInt32BE(32) : 0;
  while (trunk >= 2 && trunk <= image.count && free[trunk] === 0) {
    const bytes = image.read(trunk, into);
    const leaves = bytes?.readUInt32BE(4) ?? 0;
    if (!bytes || leaves > usableSize / 4 - 2) break;
    free[trunk] = 1;
    for (let index = 0; index < leaves; index += 1) {
      const page = bytes.readUInt32BE(8 + 4 * index);
      if (page >= 2 && page <= image.count) free[page] = 1;
    }
    trunk = bytes.readUInt32BE(0);
  }
  return free;
}
