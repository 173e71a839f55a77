import { closeSync, constants, openSync, writeSync } from 'node:fs';
import { withLedger } from '../sqlite/files.ts';
import { walkFreelist } from '../sqlite/freelist.ts';
import { makeOwners, type Problem } from '../sqlite/owners.ts';
import { openPages, type Pages } from '../sqlite/pages.ts';
import { readSchema, schemaTree, type Tree } from '../sqlite/schema.ts';
import { nothingRead, walkTree } from '../sqlite/walk.ts';

/**
 * Tables that FTS5 keeps the full-text index in: all of them are made of the events. Source: https://www.sqlite.org/fts5.html,
 * section 9; the index of Coven has its content in `events`.
 */
export const searchTables: readonly string[] = ['data', 'idx', 'docsize', 'config'].map((part) => `events_fts_${part}`);

const never = (): boolean => false;

/**
 * Empties the tables of the full-text index in a private copy of a ledger without a WAL, which nobody has open, whatever
 * their pages hold: SQLite cannot delete from a b-tree that it cannot read. Their roots become empty pages, and every page
 * that belongs to nothing else goes to the freelist. Throws where anything but those tables is damaged.
 */
export function emptySearch(path: string): void {
  withLedger(path, never, ({ main, wal, noiseBytes }) => {
    const pages = wal || noiseBytes > 0 ? null : openPages(main, null);
    if (!pages) throw new Error('the copy is not one file');
    if (pages.header.largestRoot > 0) throw new Error('the pages of an auto_vacuum ledger are left to SQLite');
    const { trees, problems } = readSchema(pages);
    if (problems[0] !== undefined) throw new Error(problems[0]);
    const isSearch = ({ name, table, type }: Tree): boolean =>
      type === 'table' && table === name && searchTables.includes(name);
    const roots = trees.filter(isSearch);
    if (roots.length > 0)
      rewrite(
        path,
        pages,
        roots,
        unownedPages(
          pages,
          trees.filter((tree) => !isSearch(tree)),
        ),
      );
  });
}

/** Pages that neither a tree nor the freelist owns. */
function unownedPages(pages: Pages, trees: readonly Tree[]): ReadonlySet<number> {
  const readings = [schemaTree, ...trees].map((tree) => ({ ...tree, ...nothingRead }));
  const owners = makeOwners(pages, readings);
  if (!owners) throw new Error('the ledger is too large to be mapped');
  const tell = ({ text }: Problem): never => {
    throw new Error(text);
  };
  walkFreelist(pages, owners, tell, never);
  for (const tree of readings)
    walkTree({ pages, owners, tell, hurry: never }, tree, { claim: true, readLeaf: () => true });
  const unowned = new Set<number>();
  for (let page = 2; page <= pages.count; page += 1) if (!owners.of(page)) unowned.add(page);
  return unowned;
}

/** Source: the SQLite file format, sections 1.5 (trunks and their leaves) and 1.6 (pages of b-trees). */
function rewrite(
  path: string,
  { header, count, mainPages, buffer }: Pages,
  trees: readonly Tree[],
  unowned: ReadonlySet<number>,
): void {
  if (mainPages < count) throw new Error(`the file ends before page ${count}`);
  const roots = new Set(trees.map(({ root }) => root));
  if (roots.size < trees.length || ![...roots].every((root) => unowned.has(root)))
    throw new Error('a table of the full-text index begins at a page of something else');
  const fd = openSync(path, constants.O_WRONLY | constants.O_NOFOLLOW);
  const write = (bytes: Buffer, at: number): void => {
    if (writeSync(fd, bytes, 0, bytes.length, at) < bytes.length) throw new Error('the disk is full');
  };
  const writePage = (page: number, fill: (bytes: Buffer) => void): void => {
    const bytes = buffer().fill(0);
    fill(bytes);
    write(bytes, (page - 1) * header.pageSize);
  };
  try {
    for (const { root, isTable } of trees)
      writePage(root, (bytes) => {
        bytes[0] = isTable ? 13 : 10;
        // Cells begin at the end. 0 stands for 65536.
        bytes.writeUInt16BE(header.usableSize & 0xffff, 5);
      });
    const free = [...unowned].filter((page) => !roots.has(page));
    // SQLite itself leaves the last places of a trunk unused, for versions before 3.6.0.
    const perTrunk = header.usableSize / 4 - 8;
    let firstTrunk = header.firstTrunk;
    for (let at = 0; at < free.length; at += perTrunk + 1) {
      const [trunk = 0, ...leaves] = free.slice(at, at + perTrunk + 1);
      const next = firstTrunk;
      writePage(trunk, (bytes) => {
        for (const [index, value] of [next, leaves.length, ...leaves].entries()) bytes.writeUInt32BE(value, 4 * index);
      });
      firstTrunk = trunk;
    }
    const lists = Buffer.alloc(8);
    lists.writeUInt32BE(firstTrunk, 0);
    lists.writeUInt32BE(header.freePages + free.length, 4);
    write(lists, 32);
  } finally {
    closeSync(fd);
  }
}
