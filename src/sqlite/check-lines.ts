/** Lines of SQLite's integrity check about an index that does not agree with its table. */
export const ofIndex =
  /missing from index|wrong # of entries in index|values? in index .* (differs?|mismatch)|non-unique entry in index/;

/** About a full-text index. Source: fts5_main.c and fts5_index.c of SQLite. */
export const ofSearch = /inverted index for FTS5|^fts5: corrupt.{0,80} "events_fts"$/;

/** Source: checkDatabase of SQLite's btree.c, after all trees. */
export const neverUsed = /^Page \d{1,10}: never used$/;
