import { mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Database } from 'better-sqlite3';
import { names } from '../coven/layout.ts';
import { openToRead } from '../sqlite/open-to-read.ts';
import { refuseViews } from '../sqlite/ordinary.ts';
import { bring } from './reach.ts';

const comparedRows = 200;

interface Row {
  readonly rowid: number;
  readonly id: string;
  /** To the second. */
  readonly createdAt: string;
}

/** By table, in order of rowid. */
type Rows = readonly (readonly Row[])[];

/**
 * The first rows of a ledger as its main file alone has them; null where that does not read by itself. To be called
 * before the ledger is opened with its WAL: SQLite shares what it knows of a WAL between all connections of a process
 * to the same file. `path` is the ledger in a private folder.
 */
export function rowsWithoutWal(path: string): Rows | null {
  const folder = join(dirname(path), 'alone');
  let alone: Database | undefined;
  try {
    mkdirSync(folder, { mode: 0o700 });
    bring(path, join(folder, names.ledger));
    alone = openToRead(join(folder, names.ledger));
    return rowsOf(alone);
  } catch {
    return null;
  } finally {
    alone?.close();
  }
}

/**
 * Whether the WAL beside a ledger belongs to another one: SQLite takes its pages without a doubt, and what is then read
 * is the other ledger. Null where no row could be compared. A row that has another id with the WAL than without it is no
 * proof by itself: SQLite gives the rowid of a deleted row to the next one where nothing was above it. So it is one where
 * a row above it stayed, where it is older than the one in whose place it is, or where no row at all stayed.
 */
export function isWalForeign(without: Rows | null, db: Database): boolean | null {
  if (!without) return null;
  let within: Rows;
  try {
    within = rowsOf(db);
  } catch {
    return null;
  }
  const common = without.map((rows, table) =>
    rows.flatMap((was) => {
      const is = within[table]?.find(({ rowid }) => rowid === was.rowid);
      return is ? [{ was, is, stayed: is.id === was.id }] : [];
    }),
  );
  if (common.every((pairs) => pairs.length === 0)) return null;
  if (!common.some((pairs) => pairs.some(({ stayed }) => stayed))) return true;
  return common.some((pairs) =>
    pairs.some(
      ({ was, is, stayed }, index) =>
        !stayed && (is.createdAt < was.createdAt || pairs.slice(index).some((above) => above.stayed)),
    ),
  );
}

function rowsOf(db: Database): Rows {
  const tables = ['sessions', 'events'];
  refuseViews(db, tables);
  return tables.map((table) =>
    db
      .prepare<[], Row>(
        `SELECT rowid, substr(id, 1, 200) AS id, substr(created_at, 1, 19) AS createdAt
         FROM ${table} ORDER BY rowid LIMIT ${comparedRows}`,
      )
      .all(),
  );
}
