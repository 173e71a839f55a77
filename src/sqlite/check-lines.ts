import type { Database } from 'better-sqlite3';

/** Lines of SQLite's integrity check about an index that does not agree with its table. */
export const ofIndex =
  /missing from index|wrong # of entries in index|values? in index .* (differs?|mismatch)|non-unique entry in index/;

/** About a full-text index. Source: fts5_main.c and fts5_index.c of SQLite. */
const ofSearch = /inverted index for FTS5|^fts5: corrupt.{0,80} "events_fts"$/;

/** Source: checkDatabase of SQLite's btree.c, after all trees. */
export const neverUsed = /^Page \d{1,10}: never used$/;

/** Root pages of the b-trees that the full-text index is kept in. */
export const searchRoots = (db: Database): readonly number[] =>
  db
    .prepare("SELECT rootpage FROM sqlite_schema WHERE tbl_name LIKE 'events!_fts!_%' ESCAPE '!' AND rootpage > 0")
    .pluck()
    .all() as number[];

/** Whether a line is about the full-text index: as one, or by a b-tree that it is kept in. */
export function isOfSearch(line: string, roots: readonly number[]): boolean {
  const [, tree] = /^Tree (\d{1,10}) /.exec(line) ?? [];
  return ofSearch.test(line) || roots.includes(Number(tree));
}
