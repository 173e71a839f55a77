import { isPointerMap, lockBytePage } from './header.ts';
import type { Pages } from './pages.ts';
import { schemaTree, type Tree } from './schema.ts';

export type Use = 'interior' | 'leaf' | 'overflow' | 'trunk' | 'free' | 'pointer-map' | 'lock-byte';
const uses: readonly Use[] = ['interior', 'leaf', 'overflow', 'trunk', 'free', 'pointer-map', 'lock-byte'];
const useNumbers = Object.fromEntries(uses.map((use, index) => [use, index + 1])) as Readonly<Record<Use, number>>;

/** Largest database that is mapped: two bytes for each of so many pages. 128 GiB, with pages of 4 KiB. */
export const pageLimit = 32 * 1024 ** 2;

export interface Owner {
  readonly use: Use;
  /** Of pages that belong to a b-tree; else null. */
  readonly tree: Tree | null;
}

export interface Problem {
  readonly kind:
    | 'schema'
    /** A pointer to a page that the database does not have. */
    | 'beyond-end'
    /** A page that has two owners: a loop, a cross link, or a page in use that is on the freelist. */
    | 'twice'
    /** The file ends before the page does, or the system cannot read it. */
    | 'unreadable'
    /** A page that is no b-tree page, or whose cells do not lie as they must. */
    | 'page'
    /** Keys out of order, or leaves at different depths. */
    | 'order'
    /** An overflow chain that is longer or shorter than its payload. */
    | 'chain'
    /** A payload that is no record. */
    | 'record'
    | 'freelist'
    /** Pages that nothing leads to. */
    | 'unowned';
  readonly page: number;
  /** The b-trees that it concerns; none for the freelist alone. */
  readonly trees: readonly Tree[];
  /** The page is on the freelist, too: whatever is written next takes it. */
  readonly free?: boolean;
  /** A sentence without its full stop. */
  readonly text: string;
}

/** Tables that the full-text index is kept in. */
export const isSearchTable = (table: string): boolean => table.startsWith('events_fts_');

/**
 * Whether a problem is about the full-text index alone, which is built anew from the events. A page of it that is also on the
 * freelist is not: events would be written there, and the index over them.
 */
export const isOfSearch = ({ trees, free }: Problem): boolean =>
  !free && trees.length > 0 && trees.every(({ table }) => isSearchTable(table));

export const describeTree = ({ name, type, table }: Tree): string =>
  name === schemaTree.name ? 'the schema' : type === 'index' ? `index "${name}" of "${table}"` : `table "${name}"`;

/** Who owns each page of a database; each may have one owner. */
export interface Owners {
  readonly of: (page: number) => Owner | null;
  /** Makes `tree`, or the freelist, the page's owner; otherwise the problem. `from` is the page that points to it. */
  readonly claim: (page: number, use: Use, tree: Tree | null, from: number) => Problem | null;
  readonly claimed: () => number;
}

/** `trees` are all that may own a page. Null where the database is too large to be mapped in bounded memory. */
export function makeOwners(pages: Pages, trees: readonly Tree[]): Owners | null {
  if (pages.count > pageLimit) return null;
  // The use in the low 3 bits, from 1; above it the tree's index, from 1.
  const marks = new Uint16Array(pages.count + 1);
  const numbers = new Map(trees.map((tree, index) => [tree, index + 1]));
  let claimed = 0;
  // Pages of one tree are claimed one after the other.
  let [latest, number]: [Tree | null, number] = [null, 0];
  const set = (page: number, use: Use, tree: Tree | null): void => {
    if (tree !== latest) {
      latest = tree;
      number = tree ? (numbers.get(tree) ?? 0) : 0;
    }
    marks[page] = (number << 3) | useNumbers[use];
    claimed += 1;
  };
  const lock = lockBytePage(pages.header.pageSize);
  if (lock <= pages.count) set(lock, 'lock-byte', null);
  if (pages.header.largestRoot > 0)
    for (let page = 2; page <= pages.count; page += 1)
      if (isPointerMap(page, pages.header)) set(page, 'pointer-map', null);

  const of = (page: number): Owner | null => {
    const mark = marks[page] ?? 0;
    const use = uses[(mark & 7) - 1];
    return use ? { use, tree: trees[(mark >> 3) - 1] ?? null } : null;
  };
  const claim: Owners['claim'] = (page, use, tree, from) => {
    const isThere = page >= 1 && page <= pages.count;
    if (isThere && marks[page] === 0) {
      set(page, use, tree);
      return null;
    }
    const label = tree ? describeTree(tree) : 'the freelist';
    const concerned = tree ? [tree] : [];
    const other = isThere ? of(page) : null;
    if (!other) {
      const text = `page ${from} of ${label} points to page ${page}, and the ledger has ${pages.count} pages`;
      return { kind: 'beyond-end', page: from, trees: concerned, text };
    }
    const others = other.tree && other.tree !== tree ? [other.tree] : [];
    const text = `page ${page} belongs to ${label} and also to ${describeOwner(other)}`;
    const free = other.use === 'trunk' || other.use === 'free';
    return { kind: 'twice', page, trees: [...concerned, ...others], free, text };
  };
  return { of, claim, claimed: () => claimed };
}

function describeOwner({ use, tree }: Owner): string {
  if (use === 'trunk' || use === 'free') return 'the freelist';
  if (use === 'lock-byte') return 'the range of lock bytes';
  if (use === 'pointer-map' || !tree) return 'the pointer map';
  return describeTree(tree);
}
