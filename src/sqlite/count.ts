import { withLedger } from './files.ts';
import { mapPages } from './page-map.ts';
import { openPages, type Pages } from './pages.ts';
import { readPayload } from './payload.ts';
import { parseRecordHeader, type Value, valueAt } from './record.ts';
import { cellsOf, findLeaf, leavesOf } from './tree.ts';

/** A table's rows, counted in its leaves. */
export interface Counted {
  readonly rows: number;
  /** Null where there is no row. */
  readonly first: number | null;
  readonly last: number | null;
  /** The values of a row by the numbers of their columns; null where there is no such row. Read from the same files. */
  readonly rowAt: (rowid: number, columns: readonly number[]) => readonly (Value | undefined)[] | null;
}

/** The rows could not be counted: the table is damaged, or the time was over. */
class Uncounted extends Error {
  readonly code: string;
  constructor(code: 'SQLITE_CORRUPT' | 'overran') {
    super(code);
    this.code = code;
  }
}

/**
 * Counts a table of a ledger, which may be of any size, in its bytes, and gives the count to `take` while the files are
 * open. Throws where the ledger cannot be read, or not every leaf of the table. SQLite must not have it open in this process.
 */
export function countRows<T>(path: string, table: string, hurry: () => boolean, take: (counted: Counted) => T): T {
  const taken = withLedger(path, hurry, ({ main, wal }) => {
    const pages = openPages(main, wal);
    const tree = pages && mapPages(pages, { whole: false, leafMs: 0, hurry }).trees.find(({ name }) => name === table);
    if (!pages || !tree?.isTable || tree.problems > 0) throw new Uncounted('SQLITE_CORRUPT');
    let [rows, leaves] = [0, 0];
    let first: number | null = null;
    let last: number | null = null;
    for (const leaf of leavesOf(pages, tree.root, true)) {
      if (hurry()) throw new Uncounted('overran');
      leaves += 1;
      let cells = 0;
      for (const { rowid } of cellsOf(leaf)) {
        first ??= rowid;
        last = rowid;
        cells += 1;
      }
      if (cells !== leaf.cells) throw new Uncounted('SQLITE_CORRUPT');
      rows += cells;
    }
    // A leaf that is none was passed over.
    if (leaves !== tree.leaves) throw new Uncounted('SQLITE_CORRUPT');
    return { value: take({ rows, first, last, rowAt: (rowid, columns) => rowAt(pages, tree.root, rowid, columns) }) };
  });
  if (!taken) throw new Uncounted('SQLITE_CORRUPT');
  return taken.value;
}

function rowAt(pages: Pages, root: number, rowid: number, columns: readonly number[]) {
  const page = findLeaf(pages, root, rowid, pages.buffer())?.page;
  if (!page) return null;
  for (const cell of cellsOf(page)) {
    if (cell.rowid !== rowid) continue;
    const { bytes } = readPayload(pages, page, cell);
    const header = parseRecordHeader(bytes);
    return header && columns.map((column) => valueAt(bytes, header, column, pages.header.encoding));
  }
  return null;
}
