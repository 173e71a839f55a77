import { createHash } from 'node:crypto';
import { constants, copyFileSync, existsSync } from 'node:fs';
import type { Database } from 'better-sqlite3';
import type { TwoValues } from '../../model/observation.ts';
import { judgeCopy } from '../../sqlite/judge.ts';
import { quote } from '../../sqlite/names.ts';
import { checkpoint, openToWrite } from '../../sqlite/open-to-write.ts';
import { emptySearch, searchTables } from '../empty-search.ts';
import { compareIndexes } from '../index-entries.ts';
import type { MendRequest } from '../protocol.ts';
import { refuseStrangeSearch } from '../search.ts';

/** Every row of every table but those of the full-text index, in their order, as one digest: a mended copy has the same. */
function digestOf(db: Database): { readonly rows: number; readonly digest: string } {
  const hash = createHash('sha256');
  let rows = 0;
  const tables = db
    .prepare(
      `SELECT s.name, t.wr FROM sqlite_schema AS s JOIN pragma_table_list(s.name) AS t ON t.schema = 'main' AND t.type IN ('table', 'shadow')
        WHERE s.type = 'table' AND s.rootpage > 0 ORDER BY s.name`,
    )
    .all() as { name: string; wr: number }[];
  for (const { name, wr } of tables.filter(({ name }) => !searchTables.includes(name))) {
    hash.update(`${JSON.stringify(name)}\n`);
    // A rowid is the `seq` of an event.
    const select = db
      .prepare(`SELECT ${wr ? '*' : 'rowid, *'} FROM ${quote(name)} NOT INDEXED`)
      .raw()
      .safeIntegers();
    for (const row of select.iterate() as Iterable<readonly unknown[]>) {
      hash.update(JSON.stringify(row, (_, value) => (typeof value === 'bigint' ? `${value}n` : value)));
      rows += 1;
    }
  }
  return { rows, digest: hash.digest('hex') };
}

/**
 * Rebuilds every index from its table. Refuses where that would give something up: an entry of a row that the table lost, or
 * a value in two versions that was not shown to who agreed to it.
 */
function rebuildIndexes(db: Database, agreed: readonly TwoValues[]): void {
  const { lostRows, values, compared } = compareIndexes(db);
  if (lostRows > 0) throw new Error(`the indexes hold ${lostRows} entries of rows that their tables lost`);
  const known = new Set(agreed.map((one) => JSON.stringify(one)));
  if (!values.every((one) => known.has(JSON.stringify(one))))
    throw new Error('the indexes and their tables hold other values than those that were shown');
  for (const name of compared) db.exec(`REINDEX ${quote(name)}`);
}

const hasSearch = (db: Database): boolean =>
  db.prepare("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'events_fts'").get() !== undefined;

/** FTS5 opens no index without the version of its format. Source: FTS5_CURRENT_VERSION in its fts5Int.h. */
const newSettings = [['version', 4]];

/** The settings of the full-text index; those of a new one where they cannot be read. */
function searchSettings(db: Database): readonly unknown[] {
  try {
    const settings = db.prepare('SELECT k, v FROM events_fts_config').raw().all();
    return settings.length > 0 ? settings : newSettings;
  } catch {
    return newSettings;
  }
}

/** Builds the full-text index, whose tables are empty, and holds it against the events. */
function buildSearch(db: Database, settings: readonly unknown[]): void {
  // Else SQLite lets nobody but FTS5 write to its tables.
  db.unsafeMode(true);
  refuseStrangeSearch(db);
  const insert = db.prepare('INSERT INTO events_fts_config (k, v) VALUES (?, ?)');
  for (const setting of settings) insert.run(setting);
  db.unsafeMode(false);
  db.exec("INSERT INTO events_fts (events_fts) VALUES ('rebuild')");
  db.exec("INSERT INTO events_fts (events_fts, rank) VALUES ('integrity-check', 1)");
}

/** Throws where something stays in the WAL: it would not come along. */
function settle(db: Database): void {
  if (!checkpoint(db)) throw new Error('the copy keeps rows in its WAL');
}

/** Changes only the copy that it makes, and throws where that is not whole or holds other rows than before. */
export function work({ source, into, settled, work, values }: MendRequest): { readonly rows: number } {
  // A backup of a ledger that nobody writes to is its main file with its WAL, which holds rows of its own.
  for (const suffix of ['', '-wal']) {
    if (existsSync(source + suffix))
      copyFileSync(source + suffix, into + suffix, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE);
  }
  let db = openToWrite(into);
  try {
    const before = digestOf(db);
    settle(db);
    if (settled !== null) {
      // A copy is made of a file that is closed, and so complete.
      db.close();
      copyFileSync(into, settled, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE);
      db = openToWrite(into);
    }
    if (work === 'rebuild-index') rebuildIndexes(db, values);
    if (work !== 'checkpoint' && hasSearch(db)) {
      settle(db);
      const settings = searchSettings(db);
      db.close();
      emptySearch(into);
      db = openToWrite(into);
      buildSearch(db, settings);
    }
    settle(db);
    const after = digestOf(db);
    if (before.digest !== after.digest) throw new Error('the mended copy holds other rows');
    db.close();
    const [problem] = judgeCopy(into).reasons;
    if (problem) throw new Error(`the mended copy is not whole: ${problem.text}`);
    return { rows: after.rows };
  } finally {
    db.close();
  }
}
