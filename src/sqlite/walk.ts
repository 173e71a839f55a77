import { isUtf8 } from 'node:buffer';
import { describeTree, type Owners, type Problem } from './owners.ts';
import { type BtreePage, type Cell, chainLength, parsePage, readCells } from './page.ts';
import type { Pages } from './pages.ts';
import { parseRecordHeader, serialBytes } from './record.ts';
import type { Tree } from './schema.ts';
import { depthLimit } from './tree.ts';

/** What was found of one b-tree. */
export interface TreeReading extends Tree {
  interior: number;
  leaves: number;
  /** Leaves whose cells and overflow chains were read. */
  leavesRead: number;
  overflow: number;
  /** Cells of leaves that were read and are sound. */
  rows: number;
  /** Those, with the entries that an index keeps in its interior pages. */
  entries: number;
  /** Leaves that were read and are sound. */
  soundLeaves: number;
  problems: number;
}

/** A tree before it is walked. */
export const nothingRead = {
  interior: 0,
  leaves: 0,
  leavesRead: 0,
  overflow: 0,
  rows: 0,
  entries: 0,
  soundLeaves: 0,
  problems: 0,
};

/** What a walk is about, for all trees of a database. */
export interface Walk {
  readonly pages: Pages;
  readonly owners: Owners;
  readonly tell: (problem: Problem) => void;
  readonly hurry: () => boolean;
}

/** Rowids of a page lie above `low` and not above `high`. */
interface Visit {
  readonly number: number;
  /** The page that points to it. */
  readonly from: number;
  readonly depth: number;
  readonly low: number;
  readonly high: number;
}

interface WalkOptions {
  readonly claim: boolean;
  /** Whether the leaf with this index is read. */
  readonly readLeaf: (index: number) => boolean;
  /** Where the walk begins: at the root, or at a leaf that is looked at by itself. */
  readonly root?: number;
}

/** Columns of these tables hold text that Coven reads as UTF-8; it refuses a row with any other. */
const textTables = ['sessions', 'events'];

/**
 * Claims every page of a b-tree. Leaves are known by their depth, which is that of the first one, so that they need no
 * reading; `readLeaf` tells by its index whether a leaf is read all the same. A walk that does not `claim` follows
 * interior pages that an earlier one found sound. False where the time ended before.
 */
export function walkTree(
  { pages, owners, tell, hurry }: Walk,
  tree: TreeReading,
  { claim, readLeaf, root = tree.root }: WalkOptions,
): boolean {
  const into = pages.buffer();
  const small = Buffer.alloc(4);
  /** Tells a problem, and is false. */
  const problem = (kind: Problem['kind'], page: number, what: string): false => {
    tree.problems += 1;
    tell({ kind, page, trees: [tree], text: `page ${page} of ${describeTree(tree)} ${what}` });
    return false;
  };
  const own = (page: number, use: 'interior' | 'leaf' | 'overflow', from: number): boolean => {
    const wrong = owners.claim(page, use, tree, from);
    if (wrong) tree.problems += 1;
    if (wrong) tell(wrong);
    return !wrong;
  };
  /** Whether the chain of a cell has the length of its payload. */
  const followChain = (cell: Cell, from: number): boolean => {
    const wanted = chainLength(cell, pages.header.usableSize);
    let [next, before] = [cell.overflow, from];
    for (let index = 0; index < wanted; index += 1) {
      if (next === 0) return problem('chain', from, `has an overflow chain of ${index} pages that should be ${wanted}`);
      if (!own(next, 'overflow', before)) return false;
      tree.overflow += 1;
      const bytes = pages.read(next, small);
      if (!bytes) return problem('unreadable', next, 'cannot be read');
      before = next;
      next = bytes.readUInt32BE(0);
      if ((index & 0xfff) === 0xfff && hurry()) return false;
    }
    if (next !== 0) problem('chain', from, `has an overflow chain that is longer than its ${wanted} pages`);
    return next === 0;
  };
  const read = (number: number): BtreePage | null => {
    const bytes = pages.read(number, into);
    if (!bytes) {
      problem('unreadable', number, 'cannot be read');
      return null;
    }
    const page = parsePage(bytes, number, pages.header.usableSize);
    if (typeof page === 'string') {
      problem('page', number, page);
      return null;
    }
    if (page.isTable !== tree.isTable) {
      problem('page', number, 'is a page of another kind of tree');
      return null;
    }
    return page;
  };
  const cellsIn = (page: BtreePage, number: number): readonly Cell[] | null => {
    const cells = readCells(page);
    if (typeof cells === 'string') {
      problem('page', number, cells);
      return null;
    }
    return cells;
  };
  const inOrder = (cells: readonly Cell[], { number, low, high }: Visit): boolean => {
    if (!tree.isTable) return true;
    let before = low;
    for (const { rowid } of cells) {
      if (rowid > before && rowid <= high) before = rowid;
      else return problem('order', number, `holds the rowid ${rowid} out of order`);
    }
    return true;
  };

  let leafDepth = -1;
  let leaves = 0;
  let entered = 0;
  const enterLeaf = (page: BtreePage, visit: Visit): void => {
    const cells = cellsIn(page, visit.number);
    if (!cells) return;
    let isSound = inOrder(cells, visit);
    for (const cell of cells) {
      const wrong = recordProblem(page, cell, tree);
      if (wrong) problem('record', visit.number, wrong);
      const isWhole = cell.overflow === 0 || followChain(cell, visit.number);
      if (wrong || !isWhole) isSound = false;
      else {
        tree.rows += 1;
        tree.entries += 1;
      }
    }
    if (isSound) tree.soundLeaves += 1;
  };
  /** A page at the depth of leaves, which is read. */
  const meetLeaf = (visit: Visit): boolean => {
    leaves += 1;
    if (claim && !own(visit.number, 'leaf', visit.from)) return true;
    if (hurry()) return false;
    const page = read(visit.number);
    tree.leavesRead += 1;
    if (page?.isLeaf) enterLeaf(page, visit);
    else if (page) problem('order', visit.number, 'is an interior page where leaves are');
    return true;
  };
  const descend = (visit: Visit): boolean => {
    const { number, depth, from } = visit;
    if (hurry()) return false;
    const isThere = number >= 1 && number <= pages.count;
    const page = isThere ? read(number) : null;
    if (claim && !own(number, page && !page.isLeaf ? 'interior' : 'leaf', from)) return true;
    if (!page) return true;
    if (page.isLeaf) {
      if (leafDepth === -1) leafDepth = depth;
      else problem('order', number, `is a leaf at depth ${depth}, and others are at ${leafDepth}`);
      const index = leaves;
      leaves += 1;
      if (!readLeaf(index)) return true;
      tree.leavesRead += 1;
      enterLeaf(page, visit);
      return true;
    }
    if (depth >= depthLimit) {
      problem('order', number, `is an interior page at depth ${depth}`);
      return true;
    }
    entered += 1;
    if (claim) tree.interior += 1;
    // Without claims, a page that leads to itself would be entered for ever.
    else if (entered > tree.interior) return false;
    const cells = cellsIn(page, number);
    if (!cells || !inOrder(cells, visit)) return true;
    if (claim && !tree.isTable) tree.entries += cells.length;
    if (claim) for (const cell of cells) if (cell.overflow !== 0) followChain(cell, number);
    let low = visit.low;
    for (let index = 0; index <= cells.length; index += 1) {
      const cell = cells[index];
      const high = !cell ? visit.high : tree.isTable ? cell.rowid : Number.POSITIVE_INFINITY;
      const next = cell?.child ?? page.rightChild;
      // Nearly every page of a large ledger is a leaf that is known by its depth and not read.
      if (depth + 1 === leafDepth && !readLeaf(leaves)) {
        leaves += 1;
        if (claim) own(next, 'leaf', number);
      } else {
        const child = { number: next, from: number, depth: depth + 1, low, high };
        if (!(child.depth === leafDepth ? meetLeaf(child) : descend(child))) return false;
      }
      if (tree.isTable) low = high;
    }
    return true;
  };
  const isComplete = descend({
    number: root,
    from: 1,
    depth: 0,
    low: Number.NEGATIVE_INFINITY,
    high: Number.POSITIVE_INFINITY,
  });
  if (claim) tree.leaves = leaves;
  return isComplete;
}

/** What is wrong with a payload as a record, as far as its page holds it; null where nothing is. */
function recordProblem(page: BtreePage, cell: Cell, tree: Tree): string | null {
  const local = page.bytes.subarray(cell.payloadStart, cell.payloadStart + cell.local);
  const header = parseRecordHeader(local);
  if (!header) return `holds a row (${cell.rowid}) that is no record`;
  const isWhole = header.headerBytes <= local.length;
  if (isWhole && header.bytes !== cell.payload)
    return `holds a row (${cell.rowid}) whose columns take ${header.bytes} bytes of ${cell.payload}`;
  if (!tree.isTable || !textTables.includes(tree.name)) return null;
  for (const [index, type] of header.types.entries()) {
    const start = header.offsets[index] ?? 0;
    const end = start + serialBytes(type);
    const isText = type >= 13 && type % 2 === 1;
    if (isText && end <= local.length && !isUtf8(local.subarray(start, end)))
      return `holds a row (${cell.rowid}) with a text that is not UTF-8`;
  }
  return null;
}
