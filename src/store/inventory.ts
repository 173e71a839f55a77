import type { Database } from 'better-sqlite3';
import { sqliteDriver } from '../child/sqlite.ts';
import { codeOf } from '../sqlite/names.ts';
import { refuseViews } from '../sqlite/ordinary.ts';
import { patience } from '../sqlite/patience.ts';
import { whole } from '../sqlite/whole.ts';
import { areIndexed } from './indexed.ts';
import type { InventoryRequest, SessionEvents, SessionRecord, StoreInventory, Told } from './protocol.ts';

type Asked = InventoryRequest['inventory'];

const schemaLimit = 500;
const sqlLimit = 8192;
const sessionLimit = 500;
/** The newest events of each session, whose kinds are counted: each is a page to read, where the number of all is in an index. */
const kindLimit = 100;
const eventLimit = 5000;
const eventsBytes = 8 * 1024 ** 2;
const payloadBytes = 64 * 1024;
const titleLimit = 2000;

const pragmas =
  'page_size page_count freelist_count journal_mode encoding user_version application_id schema_version auto_vacuum'.split(
    ' ',
  );
/** Columns of a session that hold no words of its user; paths and names among them are told as tokens later. */
const columns =
  'project_root harness status exit_code archived_at created_at updated_at conversation_id visibility familiar_id external'.split(
    ' ',
  );

/**
 * What support needs of a ledger beyond what checks rest on. Every part is bounded in number and size, the counting of
 * events in time, too; a part at which the reading breaks off leaves what was read before.
 */
export function takeInventory(db: Database, asked: Asked): StoreInventory {
  let code: string | null = null;
  const part = <T>(read: () => T, otherwise: T): T => {
    try {
      return read();
    } catch (error) {
      code ??= codeOf(error);
      return otherwise;
    }
  };
  const schema = part(() => readSchema(db), []);
  const rows = part(() => readSessions(db, asked), []);
  const kept = rows.slice(0, sessionLimit);
  const counts = part(() => countEvents(db, kept, asked.budgetMs), new Map());
  return {
    sqlite: sqliteDriver(),
    pragmas: part(() => Object.fromEntries(pragmas.map((name) => [name, pragma(db, name)])), {}),
    schema: schema.slice(0, schemaLimit),
    schemaComplete: schema.length <= schemaLimit,
    sessions: kept.map((row) => ({ ...row, events: counts.get(row.id) ?? null })),
    sessionsComplete: rows.length <= sessionLimit,
    events: part(() => (asked.eventsOf === null ? null : readEvents(db, asked.eventsOf)), null),
    code,
  };
}

function pragma(db: Database, name: string): string | number {
  const value = db.pragma(name, { simple: true });
  return typeof value === 'number' ? value : within(String(value));
}

const within = (text: string): string => (text.length <= 100 ? text : `‹text:${text.length}›`);

function readSchema(db: Database): StoreInventory['schema'] {
  return db
    .prepare(
      `SELECT type, ${whole('name', 200)}, ${whole('tbl_name', 200, 'table')}, ${whole('sql', sqlLimit)}
         FROM sqlite_schema ORDER BY type, name LIMIT ${schemaLimit + 1}`,
    )
    .all() as StoreInventory['schema'];
}

function readSessions(db: Database, { titles }: Asked): readonly Omit<SessionRecord, 'events'>[] {
  refuseViews(db, ['sessions']);
  const there = new Set(columnsOf(db, 'sessions'));
  const wanted = columns.filter((name) => there.has(name));
  const words = ['title', 'labels'].filter((name) => there.has(name));
  const rows = db
    .prepare(
      `SELECT ${whole('id', 128)}, ${[...wanted.map(bounded), ...words.map(start)].join(', ')}
              ${words.map((name) => `, length(${name}) AS ${name}_length`).join('')}
         FROM sessions WHERE id <> '__cockpit__' ORDER BY created_at DESC, id LIMIT ${sessionLimit + 1}`,
    )
    .all() as Record<string, string | number | null>[];
  const numbers = { title: new Map<string, number>(), labels: new Map<string, number>() };
  const tell = (row: (typeof rows)[number], name: 'title' | 'labels'): Told | null => {
    const [text, length] = [row[name], row[`${name}_length`]];
    if (typeof text !== 'string' || typeof length !== 'number') return null;
    const number = numbers[name].get(text) ?? numbers[name].size + 1;
    numbers[name].set(text, number);
    // A part of a long title could be the rest of a secret.
    return { length, number, text: titles && length <= titleLimit ? text : null };
  };
  return rows.map((row) => ({
    id: String(row.id),
    fields: Object.fromEntries(wanted.map((name) => [name, row[name] ?? null])),
    title: tell(row, 'title'),
    labels: tell(row, 'labels'),
  }));
}

/** An exit code has fewer digits; a longer number, which any column may hold, may be a PIN or a card. */
const mostDigits = 5;

const bounded = (name: string): string =>
  `CASE typeof(${name}) WHEN 'text' THEN iif(length(${name}) <= 4096, ${name}, NULL) WHEN 'blob' THEN NULL
     WHEN 'null' THEN NULL ELSE iif(length(${name}) <= ${mostDigits}, ${name}, '\u2039digits:' || length(${name}) || '\u203a') END AS ${name}`;

/** Of what is told by its length and by what is equal to it. */
const start = (name: string): string => `CASE typeof(${name}) WHEN 'text' THEN substr(${name}, 1, 4096) END AS ${name}`;

const columnsOf = (db: Database, table: string): readonly string[] =>
  db.prepare('SELECT name FROM pragma_table_info(?)').pluck().all(table) as string[];

/** By the index of session ids alone: without one, each count would read all events of the ledger. */
function countEvents(
  db: Database,
  sessions: readonly Pick<SessionRecord, 'id'>[],
  budgetMs: number,
): ReadonlyMap<string, SessionRecord['events']> {
  const isOver = patience(budgetMs);
  const counts = new Map<string, SessionRecord['events']>();
  if (!areIndexed(db, 'session_id')) return counts;
  const total = db.prepare('SELECT count(*) FROM events WHERE session_id = ?').pluck();
  const kinds = db.prepare(
    `SELECT ${whole('kind', 64)}, count(*) AS n
       FROM (SELECT kind FROM events WHERE session_id = ? ORDER BY created_at DESC LIMIT ${kindLimit})
      GROUP BY 1 ORDER BY 1 LIMIT 50`,
  );
  for (const { id } of sessions) {
    if (isOver()) break;
    const found = kinds.all(id) as { kind: string; n: number }[];
    const counted = found.reduce((sum, { n }) => sum + n, 0);
    counts.set(id, {
      total: counted < kindLimit ? counted : Number(total.get(id)),
      kinds: Object.fromEntries(found.map(({ kind, n }) => [String(kind), n])),
      counted,
    });
  }
  return counts;
}

function readEvents(db: Database, session: string): SessionEvents {
  refuseViews(db, ['events']);
  const rows = db.prepare(
    `SELECT rowid AS seq, ${whole('kind', 64)}, ${whole('created_at', 40, 'at')}, length(CAST(payload_json AS BLOB)) AS bytes,
            CASE WHEN length(CAST(payload_json AS BLOB)) <= ${payloadBytes} THEN CAST(payload_json AS TEXT) END AS payload
       FROM events WHERE session_id = ? ORDER BY created_at DESC, rowid DESC LIMIT ${eventLimit + 1}`,
  );
  const list: SessionEvents['list'][number][] = [];
  let left = eventsBytes;
  let complete = true;
  for (const row of rows.iterate(session) as IterableIterator<SessionEvents['list'][number]>) {
    left -= row.payload === null ? 0 : row.bytes;
    if (left < 0 || list.length === eventLimit) {
      complete = false;
      break;
    }
    list.push(row);
  }
  return { session, complete, list: list.reverse() };
}
