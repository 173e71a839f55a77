import coven from './coven-0.4.6.json' with { type: 'json' };

/** What Coven 0.4.6 makes, in its order. Source: `sqlite_schema` of a ledger that it made. */
export const covenSchema = coven;

/** What SQLite makes for its AUTOINCREMENT and for its full-text index. */
const bySqlite = [
  'CREATE TABLE sqlite_sequence(name,seq)',
  "CREATE TABLE 'events_fts_data'(id INTEGER PRIMARY KEY, block BLOB)",
  "CREATE TABLE 'events_fts_idx'(segid, term, pgno, PRIMARY KEY(segid, term)) WITHOUT ROWID",
  "CREATE TABLE 'events_fts_docsize'(id INTEGER PRIMARY KEY, sz BLOB)",
  "CREATE TABLE 'events_fts_config'(k PRIMARY KEY, v) WITHOUT ROWID",
];

export const covenStatements = (): readonly string[] => [...covenSchema.map(({ sql }) => sql), ...bySqlite];

/** Names of its tables, indexes, triggers and columns; not of the indexes that SQLite makes for a table. */
export const covenNames = (): readonly string[] => [
  ...covenSchema.map(({ name }) => name),
  ...bySqlite.flatMap((sql) => /^CREATE TABLE '?(\w+)/.exec(sql)?.[1] ?? []),
  ...covenStatements().flatMap(columnsIn),
];

/** Columns of a statement that makes a table. What begins otherwise is a constraint, or an option of a virtual table. */
function columnsIn(sql: string): readonly string[] {
  if (!/^CREATE (?:VIRTUAL )?TABLE/.test(sql)) return [];
  let parts = sql.slice(sql.indexOf('(') + 1, sql.lastIndexOf(')')).replace(/--[^\n]*/g, '');
  for (let before = ''; before !== parts; ) {
    before = parts;
    parts = parts.replace(/\([^()]*\)/g, '');
  }
  return parts
    .split(',')
    .map((part) => part.trim())
    .filter((part) => !/^(?:CHECK|UNIQUE|PRIMARY|FOREIGN|CONSTRAINT|\w+\s*=)/.test(part))
    .flatMap((part) => /^\w+/.exec(part)?.[0] ?? []);
}
