import { closeSync, constants, lstatSync, type Stats } from 'node:fs';
import { join } from 'node:path';
import Database from '../child/sqlite.ts';
import { names } from '../coven/layout.ts';
import type { RecoveryLog } from './log.ts';
import { openPrivate } from './private.ts';
import { indexesAndTriggers, laterColumns, tables } from './schema.ts';

export interface Ledger {
  readonly db: Database.Database;
  /** What an operator must know of how the ledger was found; null when there is nothing to say. */
  readonly warning: string | null;
}

/** How long SQLite waits for another writer while the ledger is opened, milliseconds. Source: Coven. */
const busyMillis = 5000;

/**
 * Opens the ledger, creating it on a new home, and brings its core tables up to date; tables beyond the core are left
 * alone. Throws one line when it cannot be opened, and when a WAL holds rows whose main file is missing or empty:
 * SQLite would delete that WAL.
 */
export function openLedger(home: string, log: RecoveryLog): Ledger {
  const path = join(home, names.ledger);
  log.checkpoint('store-initialize-begin');
  const isNew = !sizeOf(path);
  const walBytes = sizeOf(join(home, names.wal));
  if (isNew && walBytes)
    throw new Error(
      `${path} is missing or empty while ${names.wal} beside it holds ${walBytes} bytes of it; opening would delete them: move both to safety first`,
    );
  const warning = isNew && log.startedBefore() ? `${names.ledger} was missing or empty: a new ledger was made` : null;
  if (warning) log.line(`warning: ${warning}; sessions of earlier starts are not in it`);
  // SQLite gives the WAL and its index the mode of the main file. Its owner closes this before SQLite opens it.
  if (isNew) closeSync(openPrivate(path, constants.O_RDWR | constants.O_CREAT));

  const db = new Database(path, { timeout: busyMillis });
  try {
    log.checkpoint('store-connection-opened');
    configure(db);
    log.checkpoint('store-connection-configured');
    db.transaction(() => {
      log.checkpoint('store-main-lock-acquired');
      migrate(db);
      log.checkpoint('store-main-schema-complete');
    }).immediate();
    log.checkpoint('store-commit-complete');
  } catch (error) {
    db.close();
    throw error;
  }
  log.checkpoint('store-initialize-end');
  return { db, warning };
}

function configure(db: Database.Database): void {
  const journal = db.pragma('journal_mode = WAL', { simple: true });
  if (journal !== 'wal') throw new Error(`the ledger's file system refuses WAL mode (it stays ${journal})`);
  // An acknowledged event must outlive a power cut: this SQLite is built to sync only at checkpoints.
  db.pragma('synchronous = FULL');
  db.pragma('foreign_keys = ON');
  db.pragma('recursive_triggers = ON');
}

function migrate(db: Database.Database): void {
  const hadSearch = db.prepare("SELECT 1 FROM sqlite_master WHERE name = 'events_fts'").get() !== undefined;
  db.exec(tables);
  for (const [table, columns] of Object.entries(laterColumns)) {
    const rows = db.pragma(`table_info(${table})`) as readonly { readonly name: string }[];
    const present = new Set(rows.map(({ name }) => name));
    for (const [column, definition] of Object.entries(columns))
      if (!present.has(column)) db.exec(`ALTER TABLE ${table} ADD COLUMN ${column} ${definition}`);
  }
  db.exec(indexesAndTriggers);
  if (hadSearch) return;
  db.exec("INSERT INTO events_fts(events_fts) VALUES('rebuild')");
  db.exec("INSERT OR REPLACE INTO store_meta(key, value) VALUES('events_fts_backfill_complete', '1')");
}

/** Bytes of a regular file; 0 when there is none. Throws when something else is there. */
function sizeOf(path: string): number {
  const found: Stats | undefined = lstatSync(path, { throwIfNoEntry: false });
  if (found && !found.isFile()) throw new Error(`${path} is not a regular file`);
  return found?.size ?? 0;
}
