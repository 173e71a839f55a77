import { closeSync, ftruncateSync, openSync, writeSync } from 'node:fs';
import { withLedger } from './files.ts';
import { mapPages } from './page-map.ts';
import { openPages } from './pages.ts';
import { walkTree } from './walk.ts';

/** Tables whose rows may be most of a ledger, and the tables of their search index. */
export const isLarge = (table: string): boolean => table === 'events' || table.startsWith('events_fts');

/**
 * Makes `to`, a database with the pages of `path` and its WAL that every table but the events is kept in, for SQLite to
 * read where the whole is too large to be copied; all other pages are holes. False where these take more than `limit`
 * bytes, or the pages contradict each other. SQLite must not have the ledger open in this process.
 */
export function extractPages(path: string, to: string, limit: number, hurry: () => boolean): boolean {
  return (
    withLedger(path, hurry, ({ main, wal }) => {
      const pages = openPages(main, wal);
      if (!pages) return false;
      const map = mapPages(pages, { whole: false, leafMs: 0, hurry });
      const { owners, trees } = map;
      if (!owners || !map.isMapped || map.problemCount > 0) return false;
      const wanted = trees.filter(({ table }) => !isLarge(table));
      const { pageSize } = pages.header;
      if (wanted.reduce((sum, { interior, leaves }) => sum + interior + leaves, 0) * pageSize > limit) return false;
      // Overflow chains are named by leaves alone.
      const walk = { pages, owners, tell: () => undefined, hurry };
      for (const tree of wanted) walkTree(walk, tree, { claim: false, readLeaf: () => true });
      let left = limit;
      const fd = openSync(to, 'wx', 0o600);
      try {
        ftruncateSync(fd, pages.count * pageSize);
        const into = pages.buffer();
        for (let page = 1; page <= pages.count; page += 1) {
          const tree = owners.of(page)?.tree;
          if (page > 1 && !(tree && wanted.some((one) => one === tree)) && !isHead(owners.of(page))) continue;
          left -= pageSize;
          if (left < 0 || hurry() || !pages.read(page, into)) return false;
          writeSync(fd, into, 0, pageSize, (page - 1) * pageSize);
        }
      } finally {
        closeSync(fd);
      }
      return true;
    }) ?? false
  );
}

/** Interior pages of large tables and trunks of the freelist cost little, and are looked at as a database is opened. */
const isHead = (owner: { readonly use: string } | null): boolean => owner?.use === 'trunk' || owner?.use === 'interior';
