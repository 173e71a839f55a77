/**
 * The one program that opens a ledger to read it, as a child process that can be killed: a native call cannot be
 * interrupted, and closing any other descriptor of the ledger would drop SQLite's locks in the process that holds them.
 */
import { endWithParent } from '../child/end-with-parent.ts';
import { answer, requests } from '../child/requests.ts';
import Database, { loadSqlite } from '../child/sqlite.ts';
import { coreColumns } from '../coven/tables.ts';
import type { StoreBytes, StoreIntegrity, StoreOpenOutcome } from '../model/observation.ts';
import { readBytes } from '../sqlite/bytes.ts';
import { patience } from '../sqlite/patience.ts';
import { isWalForeign, rowsWithoutWal } from './foreign.ts';
import { isNamed, liveCheckBytes, readTables, sizeOf } from './integrity.ts';
import { takeInventory } from './inventory.ts';
import type { InventoryRequest, ReadMessage, ReadRequest, ReplayRequest, TrialRequest } from './protocol.ts';
import { askAgain, askRows } from './protocol.ts';
import { hasJournal, hasWal, reach, type Way } from './reach.ts';
import { readReplay } from './replay.ts';
import { readRows } from './rows.ts';
import { schemaProblem } from './schema-text.ts';
import { readSessions } from './sessions.ts';
import { tryWriting } from './trial.ts';
import { whole } from './whole.ts';

/** Milliseconds of CPU time for the page map by default, and for leaf pages of a ledger that is not read whole. */
const bytesMs = 4000;
const leafMs = 200;
/** Milliseconds of a transaction that keeps a daemon's WAL from being begun anew. */
const deepPinMs = 20_000;

/** Waiting for a lock that a writer holds in exclusive mode; readers of a WAL never wait. */
const busyMs = 500;

function say(message: ReadMessage): void {
  answer(message);
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

/** Makes the main file without the transaction that a journal beside it takes back, on a copy. */
function takeBack(path: string): void {
  const db = new Database(path, { fileMustExist: true });
  try {
    db.pragma('trusted_schema = OFF');
    db.prepare('SELECT count(*) FROM sqlite_schema').get();
  } finally {
    db.close();
  }
}

/** Reads the files' bytes, and closes them, before SQLite opens any: a descriptor that is closed drops its locks. */
function tellBytes({ deep }: ReadRequest, path: string, before: StoreBytes | null = null): StoreBytes {
  const hurry = patience(deep ? Number.POSITIVE_INFINITY : bytesMs);
  const told = (bytes: StoreBytes): void => say({ kind: 'bytes', bytes });
  const read = readBytes(path, { whole: deep, leafMs, hurry, progress: told });
  const bytes = before ? { ...read, wal: before.wal } : read;
  told(bytes);
  return bytes;
}

const notChecked = (deep: boolean): StoreIntegrity => ({
  outcome: 'read',
  depth: deep ? 'whole' : 'bounded',
  complete: false,
  tables: [],
  problems: [],
  indexProblems: [],
  search: null,
});

/** A program that writes would refuse the ledger. Its code is SQLite's own for that. */
class MalformedSchema extends Error {
  readonly code = 'SQLITE_CORRUPT';
}

/** What an open ledger can be asked once everything was told. */
interface Open {
  readonly again: () => void;
  readonly count: () => void;
  readonly inventory: (request: InventoryRequest) => void;
  readonly replay: (request: ReplayRequest) => void;
}

/** Reads and tells all that is asked; undefined where the ledger did not open. */
async function main(request: ReadRequest): Promise<Open | undefined> {
  let way: Way = 'in-place';
  let db: Database.Database;
  // Loaded where the ledger has an owner: starting processes takes a tenth of what a reader takes to load.
  const beside = request.scratch === null ? (await import('./beside.ts')).startBeside() : null;
  let bytes = beside ? null : tellBytes(request, request.ledger);
  try {
    const reached = reach(request);
    way = reached.way;
    // Pages count as they are when the transaction that was cut off is taken back; the WAL is the one that was there.
    if (hasJournal(request)) {
      takeBack(reached.path);
      bytes = tellBytes(request, reached.path, bytes);
    }
    const foreign = bytes?.wal?.foreign ?? null;
    // Where the bytes do not tell, the first rows may.
    const without = foreign === null && way !== 'pages' && hasWal(request) ? rowsWithoutWal(reached.path) : null;
    db = new Database(reached.path, {
      readonly: true,
      fileMustExist: true,
      timeout: busyMs,
    });
    db.pragma('query_only = ON');
    db.pragma('trusted_schema = OFF');
    db.pragma('mmap_size = 0');
    const tables = db
      .prepare(`SELECT name FROM sqlite_schema WHERE type = 'table' AND ${isNamed} ORDER BY name`)
      .pluck()
      .all() as string[];
    if (schemaProblem(db) !== null) throw new MalformedSchema();
    const journalMode = String(db.pragma('journal_mode', { simple: true }));
    say({
      kind: 'open',
      open: {
        outcome: 'opened',
        way,
        code: null,
        journalMode,
        sqlite: String(db.prepare('SELECT sqlite_version()').pluck().get()),
        tables: tables.slice(0, 500),
        columns: columnsOf(db, tables),
        walForeign: foreign ?? isWalForeign(without, db),
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
    await beside?.end();
    return undefined;
  }
  const tellSessions = (): void => say({ kind: 'sessions', sessions: readSessions(db, way !== 'pages') });
  tellSessions();
  if (beside) {
    const whole = request.deep && sizeOf(db) <= liveCheckBytes;
    const bytes = await beside.read(db, {
      ledger: request.ledger,
      whole,
      leafMs,
      milliseconds: request.deep ? deepPinMs : bytesMs,
    });
    say({ kind: 'bytes', bytes });
  }
  // Of a copy without the events, SQLite's own check would find holes.
  const integrity =
    way === 'pages'
      ? notChecked(request.deep)
      : readTables(db, request, (found, at) => say({ kind: 'progress', at, found }));
  say({ kind: 'integrity', integrity });
  await beside?.end();
  return {
    again: tellSessions,
    count: () => say({ kind: 'rows', rows: readRows(db, way === 'pages' ? request.ledger : null) }),
    inventory: ({ inventory }) => say({ kind: 'inventory', inventory: takeInventory(db, inventory) }),
    replay: ({ replay }) => say({ kind: 'replay', replay: readReplay(db, replay) }),
  };
}

// The native part is loaded while the request is still being made up.
loadSqlite();
endWithParent();

void serve();

async function serve(): Promise<void> {
  let open: Open | undefined;
  for (const line of requests()) {
    if (line === askAgain) open?.again();
    else if (line === askRows) open?.count();
    else {
      const request = JSON.parse(line) as ReadRequest | InventoryRequest | ReplayRequest | TrialRequest;
      if ('inventory' in request) open?.inventory(request);
      else if ('replay' in request) open?.replay(request);
      // A copy is another file: what is closed of it drops no lock of the ledger's.
      else if ('trial' in request) say({ kind: 'trial', trial: tryWriting(request.trial) });
      else open = await main(request);
    }
  }
}
