/**
 * The program that opens ledgers for a backup, as a child process: SQLite drops its locks on a file when the process
 * closes any other descriptor of it, and a native call can only be ended with its process.
 */
import { endWithParent } from '../../child/end-with-parent.ts';
import { answer, requests } from '../../child/requests.ts';
import Database, { loadSqlite } from '../../child/sqlite.ts';
import { compareIndexes } from '../../store/index-entries.ts';
import { codeOf, contentOf, unopened } from './content.ts';
import { newerThan } from './newer.ts';
import type { LedgerAnswer, LedgerRequest } from './protocol.ts';

/** Waiting for a lock that a writer holds in exclusive mode; readers of a WAL never wait. */
const busyMs = 2000;
const allPages = 0x7fffffff;

function open(path: string): Database.Database {
  const db = new Database(path, { readonly: true, fileMustExist: true, timeout: busyMs });
  db.pragma('query_only = ON');
  db.pragma('trusted_schema = OFF');
  db.pragma('mmap_size = 0');
  return db;
}

/** Opening plays a rollback journal back; a checkpoint copies pages of the WAL, without a look at what is in them. */
function settle(ledger: string): LedgerAnswer {
  const db = new Database(ledger, { fileMustExist: true });
  try {
    db.pragma('trusted_schema = OFF');
    const [{ busy, log } = { busy: 1, log: 1 }] = db.pragma('wal_checkpoint(TRUNCATE)') as {
      busy: number;
      log: number;
    }[];
    return busy === 0 && log <= 0 ? { done: 'settled' } : { done: 'nothing', code: 'SQLITE_BUSY' };
  } finally {
    db.close();
  }
}

async function done(request: LedgerRequest): Promise<LedgerAnswer> {
  if (request.do === 'read') {
    let db: Database.Database;
    try {
      db = open(request.ledger);
    } catch (error) {
      return { done: 'read', content: unopened(codeOf(error)) };
    }
    return { done: 'read', content: contentOf(db) };
  }
  if (request.do === 'newer') return { done: 'newer', newer: newerThan(open(request.ledger), request.than) };
  if (request.do === 'compare-indexes') return { done: 'compared', indexes: compareIndexes(open(request.ledger)) };
  if (request.do === 'settle') return settle(request.ledger);
  const db = open(request.from);
  // The transaction begins with the first row that is read, and the copy is made within it, of the very state that was
  // read. Copying first would not do: a copy outside a transaction that has begun has one of its own.
  db.exec('BEGIN');
  const content = contentOf(db);
  // `progress` is asked after a first step of no pages; the second takes them all, so no writer can get between.
  await db.backup(request.to, { progress: () => allPages });
  db.exec('COMMIT');
  db.close();
  return { done: 'snapshot', content };
}

loadSqlite();
endWithParent();

void serve();

async function serve(): Promise<void> {
  for (const line of requests())
    answer(
      await done(JSON.parse(line) as LedgerRequest).catch(
        (error: unknown): LedgerAnswer => ({ done: 'nothing', code: codeOf(error) }),
      ),
    );
}
