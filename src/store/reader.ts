/**
 * The one program that opens a ledger to read it, as a child process that can be killed: a native call cannot be
 * interrupted, and closing any other descriptor of the ledger would drop SQLite's locks in the process that holds them.
 */
import { createInterface } from 'node:readline';
import Database from 'better-sqlite3';
import { endWithParent } from '../child/end-with-parent.ts';
import { loadSqlite } from '../child/sqlite.ts';
import { coreColumns } from '../coven/tables.ts';
import type { StoreOpenOutcome } from '../observation.ts';
import { isWalForeign, rowsWithoutWal } from './foreign.ts';
import { readTables } from './integrity.ts';
import { takeInventory } from './inventory.ts';
import type { InventoryRequest, ReadMessage, ReadRequest } from './protocol.ts';
import { askAgain, askRows } from './protocol.ts';
import { hasWal, reach, type Way } from './reach.ts';
import { readRows } from './rows.ts';
import { readSessions } from './sessions.ts';
import { whole } from './whole.ts';

/** Largest memory that SQLite may take: a hostile row of 1 GB is an error, not an exhausted machine. */
const heapLimitBytes = 96 * 1024 ** 2;

/** Waiting for a lock that a writer holds in exclusive mode; readers of a WAL never wait. */
const busyMs = 500;

function say(message: ReadMessage): void {
  process.stdout.write(`${JSON.stringify(message)}\n`);
}

/** What SQLite's code means for the one who wants to open the ledger. */
export function outcomeOf(code: string): StoreOpenOutcome {
  if (code.startsWith('SQLITE_NOTADB')) return 'not-a-database';
  if (code.startsWith('SQLITE_BUSY') || code.startsWith('SQLITE_LOCKED')) return 'busy';
  if (code.startsWith('SQLITE_CORRUPT')) return 'malformed';
  return 'unreadable';
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'SQLITE_ERROR';
}

function columnsOf(db: Database.Database, tables: readonly string[]): Readonly<Record<string, readonly string[]>> {
  const columns = db.prepare(`SELECT ${whole('name', 64)} FROM pragma_table_info(?) LIMIT 200`).pluck();
  const present = Object.keys(coreColumns).filter((name) => tables.includes(name));
  return Object.fromEntries(present.map((name) => [name, columns.all(name) as string[]]));
}

/** What an open ledger can be asked once everything was told. */
interface Open {
  readonly again: () => void;
  readonly count: () => void;
  readonly inventory: (request: InventoryRequest) => void;
}

/** Reads and tells all that is asked; undefined where the ledger did not open. */
function main(request: ReadRequest): Open | undefined {
  let way: Way = 'in-place';
  let db: Database.Database;
  try {
    const reached = reach(request);
    way = reached.way;
    const without = hasWal(request) ? rowsWithoutWal(reached.path) : null;
    db = new Database(reached.path, {
      readonly: true,
      fileMustExist: true,
      timeout: busyMs,
    });
    db.pragma('query_only = ON');
    db.pragma('trusted_schema = OFF');
    db.pragma('mmap_size = 0');
    db.pragma(`hard_heap_limit = ${heapLimitBytes}`);
    const tables = db
      .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name")
      .pluck()
      .all() as string[];
    const journalMode = String(db.pragma('journal_mode', { simple: true }));
    say({
      kind: 'open',
      open: {
        outcome: 'opened',
        way,
        code: null,
        journalMode,
        tables: tables.slice(0, 500),
        columns: columnsOf(db, tables),
        walForeign: isWalForeign(without, db),
      },
    });
  } catch (error) {
    const code = codeOf(error);
    say({
      kind: 'open',
      open: {
        outcome: outcomeOf(code),
        way,
        code,
        journalMode: null,
        tables: [],
        columns: {},
        walForeign: null,
      },
    });
    return undefined;
  }
  const tellSessions = (): void => say({ kind: 'sessions', sessions: readSessions(db) });
  tellSessions();
  const integrity = readTables(db, request, (tables) => say({ kind: 'progress', tables }));
  say({ kind: 'integrity', integrity });
  return {
    again: tellSessions,
    count: () => say({ kind: 'rows', rows: readRows(db) }),
    inventory: ({ inventory }) => say({ kind: 'inventory', inventory: takeInventory(db, inventory) }),
  };
}

// The native part is loaded while the request is still being made up.
await loadSqlite();
endWithParent();

let open: Open | undefined;
createInterface({ input: process.stdin }).on('line', (line) => {
  if (line === askAgain) return void open?.again();
  if (line === askRows) return void open?.count();
  const request = JSON.parse(line) as ReadRequest | InventoryRequest;
  if ('inventory' in request) open?.inventory(request);
  else open = main(request);
});
