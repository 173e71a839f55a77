import { statSync } from 'node:fs';
import { join } from 'node:path';
import Database from '../child/sqlite.ts';
import { account } from './account.ts';
import { Agreement } from './agreement.ts';
import { ChainReader } from './chain.ts';
import { copiesOf } from './copies.ts';
import { decide } from './decide.ts';
import { misspelt } from './domains.ts';
import { boundsOf, doubtsOf } from './doubts.ts';
import { findSchema } from './find-schema.ts';
import { addViewsAndTriggers, buildIndexes } from './finish.ts';
import { countForeignRows } from './foreign-rows.ts';
import { hasColumns } from './has.ts';
import { imageOf, judgeFrames } from './image.ts';
import { LeafRanges } from './leaf-ranges.ts';
import { buildModel, isLasting, type Model, type Table } from './model.ts';
import { addPlaceholders, dropDeleted } from './placeholder.ts';
import { type Reach, reach } from './reach.ts';
import { type RowName, removeRows, unparented } from './remove.ts';
import type { RescueProgress, RescueReport, RescueRequest } from './report.ts';
import { namedValues, RowReader } from './rows.ts';
import { scan } from './scan.ts';
import { settleSchema } from './schema.ts';
import { makeTables, type Scratch } from './scratch.ts';
import { type Source, withSource } from './source.ts';
import { unexplained, unownedPages } from './unexplained.ts';
import { strangeEvents } from './words.ts';
import { makeTablesOf, openOutput, writeRows } from './write.ts';
import { indexAgreed, writeAgreed } from './write-agreed.ts';

/** Each index takes half a megabyte to be summed up; Coven has four on events. */
const indexLimit = 16;

/** Reads a damaged ledger and writes what its bytes still hold. The README tells how. */
export function rescue(request: RescueRequest, tell: (progress: RescueProgress) => void): RescueReport {
  return withSource(request.ledger, (source) => rescueFrom(source, request, tell));
}

function rescueFrom(
  source: Source,
  { scratch: folder, output }: RescueRequest,
  tell: (progress: RescueProgress) => void,
): RescueReport {
  const { format } = source;
  const wal = source.wal && judgeFrames(source, source.wal);
  const image = imageOf(source, wal?.latest ?? new Map());
  const aloneImage = imageOf({ ...source, wal: null }, new Map());
  const chains = new ChainReader(image, format.pageSize, format.usableSize);
  const alone = new ChainReader(aloneImage, format.pageSize, format.usableSize);
  const copies = wal && wal.checkpointed.size > 0 ? copiesOf(source, wal) : null;
  const chainsOf = [chains, alone, copies?.chains ?? chains];
  const found = findSchema(source, image, chains);
  const objects = settleSchema(found);
  const plain = new Database(':memory:');
  const model = buildModel(plain, objects);
  plain.close();
  makeTablesOf(output, format.pageSize, model);
  const scratch = makeTables(new Database(join(folder, 'candidates')));
  const events = model.tables.find((table) => isLasting(table) && table.indexes.length <= indexLimit);
  const agreement = events && new Agreement(events, join(folder, 'agreed'), scratch);
  let db: Database.Database | null = null;
  try {
    const reached = reach(image, model, format);
    const ranges = new LeafRanges();
    const size = (source.main?.size ?? 0) + (source.wal?.size ?? 0);
    const scanned = scan({
      ...{ source, wal, model, image, reach: reached, chains, alone, copies, ranges, scratch: agreement ?? scratch },
      tell: (done) => tell({ phase: 'read', done, of: size }),
    });
    tell({ phase: 'decide', done: 0, of: 1 });
    const agreed = agreement?.settle() ?? 0;
    const strays = decide(scratch, model, reached, ranges, (copy, row) => {
      const own = chainsOf[row.chain];
      return copies !== null && own !== undefined && copies.corrects(copy, row, own);
    });
    const winners = agreed + (scratch.db.prepare('SELECT count(*) FROM winner').pluck().get() as number);
    for (const one of chainsOf) one.reset();
    let written = 0;
    const writing = {
      ...{ source, scratch, model, chains: chainsOf },
      tell: (done: number) => tell({ phase: 'write', done: written + done, of: winners }),
    };
    if (events && agreement && agreed > 0) written = writeAgreed(output, events, agreement, writing);
    db = openOutput(output, format.pageSize);
    if (events && agreement && agreed > 0) indexAgreed(db, events, agreement, scratch);
    writeRows(db, writing);
    const reader = new RowReader(source);
    const sessions = model.tables.find(({ name }) => name === 'sessions');
    const missing = missingSessions(scratch, model, reader, chains);
    // A session is deleted where neither a row nor an entry names it; a row that is left out below is not.
    if (sessions && isKnown(sessions, reached) && missing.nameless === 0) dropDeleted(db, [...missing.ids.keys()]);
    const damagedWords = misspelt(db);
    const ids = new Map([...missing.ids, ...sessionIds(db, damagedWords)]);
    removeRows(db, scratch, model, 'holds a word with a damaged byte', damagedWords);
    const placeholders = addPlaceholders(db, (id) => ids.get(id) ?? null);
    if (sessions)
      noteUnnamed(
        scratch,
        sessions,
        [...placeholders].filter(([id]) => !ids.has(id)),
        missing.nameless,
      );
    tell({ phase: 'index', done: 0, of: 1 });
    const refused = [...model.refused, ...buildIndexes(db, model, objects)];
    const old = { path: join(folder, 'words'), image, format, chains, objects };
    removeRows(
      db,
      scratch,
      model,
      'its text is not what was indexed',
      strangeEvents(db, old).map((rowid) => ({ table: 'events', rowid })),
    );
    // One that goes may have others refer to it.
    for (let round = 0; round < 4; round += 1) {
      const rows = unparented(db);
      if (rows.length === 0) break;
      removeRows(db, scratch, model, 'refers to a row that is lost', rows);
    }
    tell({ phase: 'check', done: 0, of: 1 });
    const checks = check(db);
    const bounds = boundsOf(source, model, reached);
    const { tables, ...left } = account(db, scratch, model, reader, chains, placeholders, bounds);
    const sum = (of: (table: (typeof tables)[number]) => number): number =>
      tables.reduce((total, table) => total + of(table), 0);
    const lost = sum((table) => table.lost);
    const uncertain = sum((table) => table.uncertain);
    const foreignRows = countForeignRows(source, model, db);
    const doubts = [
      ...doubtsOf(source, model, reached, wal, foreignRows),
      ...unexplained({ db, scratch, model, chains: chainsOf, source, old, strays: strays.count() }),
    ];
    if (lost === 0 && uncertain === 0 && doubts.length === 0) doubts.push(...unownedPages(source));
    // After the last question: a view in the place of a table may have rows without end.
    refused.push(...addViewsAndTriggers(db, objects));
    db.pragma('journal_mode = WAL');
    db.close();
    return {
      source: {
        mainBytes: source.main?.size ?? 0,
        walBytes: source.wal?.size ?? 0,
        pageSize: format.pageSize,
        damagedPages: reached.damagedPages + scanned.damagedPages,
        damagedFrames: wal?.damaged ?? 0,
        foreignWal: source.isWalForeign,
        foreignRows,
        lostFrames: source.lostFrames,
        schema: found.complete ? 'read' : 'in part',
      },
      tables,
      ...left,
      lost,
      uncertain,
      refused,
      checks,
      complete: lost === 0 && uncertain === 0 && doubts.length === 0,
      doubts,
      bytes: statSync(output).size,
    };
  } finally {
    if (db?.open) db.close();
    agreement?.close();
    scratch.db.close();
  }
}

/** What SQLite finds wrong with a ledger that was written here. */
export function check(db: Database.Database): RescueReport['checks'] {
  const integrity = (db.prepare('PRAGMA integrity_check(20)').pluck().all() as string[]).filter(
    (line) => line !== 'ok',
  );
  let foreignKeys = 1;
  try {
    foreignKeys = db.prepare('PRAGMA foreign_key_check').all().length;
  } catch {
    // A statement refers to what no table has: SQLite checks none then.
  }
  let search: string | null = null;
  try {
    const has = db.prepare("SELECT count(*) FROM sqlite_schema WHERE name = 'events_fts'").pluck().get() === 1;
    if (has) db.exec("INSERT INTO events_fts(events_fts, rank) VALUES ('integrity-check', 1)");
  } catch (error) {
    search = error instanceof Error ? error.message : String(error);
  }
  return { integrity, foreignKeys, search };
}

/** Whether it is known which rows a table has: by its tree, or by an index of which every row has an entry. */
const isKnown = (table: Table, { trees }: Reach): boolean =>
  trees.some(
    ({ of, isIntact }) => isIntact && (of === table || table.indexes.some((index) => index === of && !index.partial)),
  );

/** Sessions whose row is missing: ids and rowids of those that an index names, and how many others there are. */
function missingSessions(scratch: Scratch, model: Model, reader: RowReader, chains: ChainReader) {
  const ids = new Map<string, number>();
  const table = model.tables.find(({ name }) => name === 'sessions')?.id ?? -1;
  const rowids = new Set(scratch.db.prepare('SELECT row FROM missing WHERE tbl = ?').pluck().all(table) as number[]);
  if (rowids.size === 0) return { ids, nameless: 0 };
  const entries = scratch.db
    .prepare('SELECT row, ix, file, at, cell FROM vote WHERE tbl = ? AND live = 1 AND row IN (SELECT row FROM missing)')
    .raw();
  for (const [row, ix, file, at, cell] of entries.iterate(table) as IterableIterator<
    [number, number, number, number, number]
  >) {
    const index = rowids.has(row) ? model.indexes[ix] : null;
    const { id } = index ? namedValues(reader, chains, [{ index, place: { file, at, cell } }]) : {};
    if (typeof id === 'string') ids.set(id, row);
  }
  return { ids, nameless: rowids.size - new Set(ids.values()).size };
}

/** Takes sessions down as lost that only their events name. Some of them may be those that an index names without an id. */
function noteUnnamed(
  { db }: Scratch,
  { id }: Table,
  placeholders: readonly (readonly [id: string, rowid: number])[],
  nameless: number,
): void {
  const missing = db.prepare('INSERT INTO missing VALUES (?,?,?,?)');
  for (const [, rowid] of placeholders.slice(nameless)) missing.run(id, rowid, 'lost', 'only its events are left');
}

function sessionIds(db: Database.Database, rows: readonly RowName[]): readonly (readonly [string, number])[] {
  const sessions = rows.filter(({ table }) => table === 'sessions');
  if (sessions.length === 0 || !hasColumns(db, 'sessions', 'id')) return [];
  const select = db.prepare('SELECT id FROM sessions WHERE rowid = ?').pluck();
  return sessions.map(({ rowid }) => [select.get(rowid) as string, rowid]);
}
