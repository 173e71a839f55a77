import { statSync } from 'node:fs';
import type { Database } from 'better-sqlite3';
import { coreColumns } from '../../coven/tables.ts';
import type { StoreBytes, StoreIntegrity, StoreOpenOutcome } from '../../model/observation.ts';
import { readBytes } from '../../sqlite/bytes.ts';
import { codeOf } from '../../sqlite/names.ts';
import { openToRead } from '../../sqlite/open-to-read.ts';
import { patience } from '../../sqlite/patience.ts';
import { whole } from '../../sqlite/whole.ts';
import { readAutomations } from '../automations.ts';
import type { Beside } from '../beside.ts';
import { isWalForeign, rowsWithoutWal } from '../foreign.ts';
import { isNamed, liveCheckBytes, readTables, sizeOf } from '../integrity.ts';
import { takeInventory } from '../inventory.ts';
import type { ReadAnswer, ReadPart, ReadRequest, TimedOpenRequest } from '../protocol.ts';
import { hasJournal, hasWal, reach, type Way } from '../reach.ts';
import { readReplay } from '../replay.ts';
import { readRows } from '../rows.ts';
import { schemaProblem } from '../schema-text.ts';
import { readSessions } from '../sessions.ts';

/** Milliseconds of CPU time for the page map by default, and for leaf pages of a ledger that is not read whole. */
const bytesMs = 4000;
const leafMs = 200;
/** Of the time for all: bytes that take more of it leave too little for what SQLite says. What was found by then is told. */
const bytesShare = 0.7;
/** Milliseconds of a transaction that keeps a daemon's WAL from being begun anew. */
const deepPinMs = 20_000;

/** Waiting for a lock that a writer holds in exclusive mode; readers of a WAL never wait. */
const busyMs = 500;

type Tell = (part: ReadPart) => void;

/** What SQLite's code means for the one who wants to open the ledger. */
function outcomeOf(code: string): StoreOpenOutcome {
  if (code.startsWith('SQLITE_NOTADB')) return 'not-a-database';
  if (code.startsWith('SQLITE_BUSY') || code.startsWith('SQLITE_LOCKED')) return 'busy';
  if (code.startsWith('SQLITE_CORRUPT')) return 'malformed';
  return 'unreadable';
}

function columnsOf(db: Database, tables: readonly string[]): Readonly<Record<string, readonly string[]>> {
  const columns = db.prepare(`SELECT ${whole('name', 64)} FROM pragma_table_info(?) LIMIT 200`).pluck();
  const present = Object.keys(coreColumns).filter((name) => tables.includes(name));
  return Object.fromEntries(present.map((name) => [name, columns.all(name) as string[]]));
}

/** Has the main file of a copy made without the transaction that a journal beside it takes back, by a process that may write. */
async function takeBack(copy: string): Promise<void> {
  const { askJob } = await import('../ask.ts');
  const outcome = await askJob('settle', { copy }, new AbortController().signal, {
    bytes: statSync(copy, { throwIfNoEntry: false })?.size ?? 0,
  });
  if ('none' in outcome) throw Object.assign(new Error(outcome.how), { code: outcome.code ?? 'SQLITE_ERROR' });
}

/** Reads the files' bytes, and closes them, before SQLite opens any: a descriptor that is closed drops its locks. */
function tellBytes(
  { deep, milliseconds }: TimedOpenRequest,
  path: string,
  tell: Tell,
  before: StoreBytes | null = null,
): StoreBytes {
  const end = performance.now() + bytesShare * milliseconds;
  const hurry = deep ? () => performance.now() > end : patience(bytesMs);
  const told = (bytes: StoreBytes): void => tell({ kind: 'bytes', bytes });
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

interface Ledger {
  readonly db: Database;
  readonly way: Way;
  readonly request: TimedOpenRequest;
}

/** Opens the ledger and tells so; null where it does not open. */
async function openLedger(request: TimedOpenRequest, beside: Beside | null, tell: Tell): Promise<Ledger | null> {
  let way: Way = 'in-place';
  let bytes = beside ? null : tellBytes(request, request.ledger, tell);
  try {
    const reached = reach(request);
    way = reached.way;
    // Pages count as they are when the transaction that was cut off is taken back; the WAL is the one that was there.
    if (hasJournal(request)) {
      await takeBack(reached.path);
      bytes = tellBytes(request, reached.path, tell, bytes);
    }
    const foreign = bytes?.wal?.foreign ?? null;
    // Where the bytes do not tell, the first rows may.
    const without = foreign === null && way !== 'pages' && hasWal(request) ? rowsWithoutWal(reached.path) : null;
    const db = openToRead(reached.path, busyMs);
    const tables = db
      .prepare(`SELECT name FROM sqlite_schema WHERE type = 'table' AND ${isNamed} ORDER BY name`)
      .pluck()
      .all() as string[];
    if (schemaProblem(db) !== null) throw new MalformedSchema();
    const journalMode = String(db.pragma('journal_mode', { simple: true }));
    tell({
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
    return { db, way, request };
  } catch (error) {
    const code = codeOf(error);
    const nothing = { journalMode: null, tables: [], columns: {}, walForeign: null };
    tell({ kind: 'open', open: { outcome: outcomeOf(code), way, code, ...nothing } });
    return null;
  }
}

/** Reads and tells all that is asked of a ledger. */
async function readAll({ db, way, request }: Ledger, beside: Beside | null, tell: Tell): Promise<StoreIntegrity> {
  const automations = readAutomations(db);
  if (automations) tell({ kind: 'automations', automations });
  tell({ kind: 'sessions', sessions: readSessions(db, way !== 'pages') });
  if (beside) {
    const whole = request.deep && sizeOf(db) <= liveCheckBytes;
    const milliseconds = request.deep ? deepPinMs : bytesMs;
    tell({ kind: 'bytes', bytes: await beside.read(db, { ledger: request.ledger, whole, leafMs, milliseconds }) });
  }
  // Of a copy without the events, SQLite's own check would find holes.
  if (way === 'pages') return notChecked(request.deep);
  return readTables(db, request, (found, at) => tell({ kind: 'progress', at, found }));
}

/** The ledger that is open in this process, once one is. */
let open: Ledger | null = null;

export async function work(request: ReadRequest, tell: Tell): Promise<ReadAnswer> {
  if ('ledger' in request) {
    // Loaded where the ledger has an owner: starting processes takes a tenth of what a reader takes to load.
    const beside = request.scratch === null ? (await import('../beside.ts')).startBeside() : null;
    try {
      open = await openLedger(request, beside, tell);
      return open ? { kind: 'integrity', integrity: await readAll(open, beside, tell) } : { kind: 'unopened' };
    } finally {
      await beside?.end();
    }
  }
  if (open === null) throw new Error('no ledger is open');
  const { db, way } = open;
  if ('inventory' in request) return { kind: 'inventory', inventory: takeInventory(db, request.inventory) };
  if ('replay' in request) return { kind: 'replay', replay: readReplay(db, request.replay) };
  if (request.ask === 'sessions') return { kind: 'sessions', sessions: readSessions(db, way !== 'pages') };
  return { kind: 'rows', rows: readRows(db, way === 'pages' ? open.request.ledger : null) };
}
