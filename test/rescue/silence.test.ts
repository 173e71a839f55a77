// Exit 0 says that nothing was lost: what is lost without a row that names it has to be told by something else.
import { copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { frame, scanWal, sumAgain } from '../../fixtures/damage/wal.ts';
import { addSession, createSchema } from '../../fixtures/rescue/coven-schema.ts';
import { makeScratch } from '../../fixtures/scratch.ts';
import { exitOf, isUndamaged } from '../../src/rescue/outcome.ts';
import type { RescueReport } from '../../src/rescue/report.ts';
import { rescue } from '../../src/rescue/rescue.ts';

const page = 4096;
const [first, second] = ['11111111-1111-4111-8111-111111111111', '22222222-1111-4111-8111-111111111111'];
let scratch: Awaited<ReturnType<typeof makeScratch>>;
let path: string;

beforeAll(async () => {
  scratch = await makeScratch();
});
afterAll(() => scratch[Symbol.asyncDispose]());
beforeEach(() => {
  const folder = join(scratch.path, 'case');
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(join(folder, 'scratch'), { recursive: true });
  path = join(folder, 'coven.sqlite3');
  const db = new Database(path);
  createSchema(db);
  addSession(db, first as string);
  for (let index = 1; index <= 200; index += 1) addEvent(db, index, first as string);
  db.close();
});

function addEvent(db: Database.Database, index: number, session: string, words = 12): void {
  const data = Array.from({ length: words }, (_, at) => `w${index}x${at}`).join(' ');
  const id = `${String((index * 7919) % 1_000_003).padStart(8, '0')}-2222-4222-8222-222222222222`;
  db.prepare(
    "INSERT INTO events (rowid, id, session_id, kind, payload_json, created_at) VALUES (?, ?, ?, 'output', ?, ?)",
  ).run(index, id, session, JSON.stringify({ data }), new Date(1.79e12 + index * 1000).toISOString());
}

function rescued(): { readonly report: RescueReport; readonly exit: number; readonly seqs: readonly number[] } {
  const output = `${path}-rescued`;
  const report = rescue({ ledger: path, scratch: join(path, '../scratch'), output }, () => undefined);
  const db = new Database(output, { readonly: true });
  const seqs = db.prepare('SELECT rowid FROM events ORDER BY rowid').pluck().all() as number[];
  db.close();
  return { report, exit: exitOf(report), seqs };
}

const seqsTo = (last: number): readonly number[] => Array.from({ length: last }, (_, at) => at + 1);

/** Changes the ledger, and puts the pages that these trees had before back as they were. */
function loseWrites(change: (db: Database.Database) => void, ...trees: readonly string[]): void {
  const older = readFileSync(path);
  const db = new Database(path);
  const select = db.prepare('SELECT pageno FROM dbstat WHERE name = ?').pluck();
  const pages = trees.flatMap((name) => select.all(name) as number[]);
  change(db);
  db.close();
  const bytes = readFileSync(path);
  for (const number of pages) older.copy(bytes, (number - 1) * page, (number - 1) * page, number * page);
  writeFileSync(path, bytes);
}

const table = 'events';
const ids = 'sqlite_autoindex_events_1';
const times = 'idx_events_created_at';
const bySession = 'idx_events_session_created_at';

test('an undamaged ledger: nothing may be lost', () => {
  expect(rescued()).toMatchObject({ exit: 0, report: { complete: true, doubts: [] }, seqs: seqsTo(200) });
});

test('an overflow page of a row in the WAL is damaged: the row is lost, and not deleted', () => {
  const db = new Database(path);
  db.pragma('journal_mode = WAL');
  db.pragma('wal_autocheckpoint = 0');
  addEvent(db, 201, first as string, 2000);
  addEvent(db, 202, first as string);
  const chain = db.prepare("SELECT pageno FROM dbstat WHERE name = 'events' AND pagetype = 'overflow' ORDER BY path");
  const broken = (chain.pluck().all() as number[])[1] as number;
  const files = ['', '-wal'].map((suffix) => [suffix, readFileSync(path + suffix)] as const);
  db.close();
  for (const [suffix, bytes] of files) writeFileSync(path + suffix, bytes);
  const wal = readFileSync(`${path}-wal`);
  for (let at = 32; at < wal.length; at += 24 + page)
    if (wal.readUInt32BE(at) === broken) wal.fill(0x7a, at + 24, at + 28);
  writeFileSync(`${path}-wal`, wal);
  const { report, exit, seqs } = rescued();
  expect([report.lost, exit]).toEqual([1, 1]);
  expect(report.missing.map(({ rowid, what }) => [rowid, what])).toEqual([[201, 'lost']]);
  expect(seqs).toEqual([...seqsTo(200), 202]);
});

const addOne = (db: Database.Database): void => addEvent(db, 201, first as string);

test('table and two of three indexes are as they were, and one index names a newer event', () => {
  loseWrites(addOne, table, ids, times, 'events_fts_docsize');
  const { report, exit } = rescued();
  expect(report.doubts).toEqual([
    'an index names 1 row that no other index and no page has: deleted, or lost with newer pages',
  ]);
  expect(exit).toBe(3);
});

test('table and indexes are as they were, and the full-text index counts a newer event', () => {
  loseWrites(addOne, table, ids, times, bySession);
  const { report, exit } = rescued();
  expect(report.doubts).toEqual([
    'the full-text index has 1 event that nothing else names: deleted, or lost with newer pages',
  ]);
  expect(exit).toBe(3);
});

test('every page that there was is as it was, and the newest events lie in pages that nothing leads to', () => {
  loseWrites(
    (db) => {
      addSession(db, second as string);
      for (let index = 201; index <= 260; index += 1) addEvent(db, index, second as string);
    },
    ...['sessions', 'sqlite_autoindex_sessions_1', 'idx_sessions_created_at', table, ids, times, bySession],
    ...['events_fts_data', 'events_fts_docsize', 'events_fts_idx'],
  );
  const { report, exit, seqs } = rescued();
  expect(seqs).toEqual(seqsTo(200));
  expect(report.doubts).toEqual([
    expect.stringMatching(
      /^\d+ rows that no index names lie in pages that nothing leads to: deleted, or lost with what led to them$/,
    ),
  ]);
  expect(exit).toBe(3);
});

test('a view in the place of sessions is not asked whose events lie in pages that nothing leads to', () => {
  const db = new Database(path);
  db.pragma('foreign_keys = OFF');
  db.exec(`ALTER TABLE sessions RENAME TO was_sessions; CREATE VIEW sessions AS SELECT '${second}' AS id`);
  // Later than those that are lost.
  addEvent(db, 1000, first as string);
  db.close();
  loseWrites(
    (open) => {
      open.pragma('foreign_keys = OFF');
      for (let index = 201; index <= 260; index += 1) addEvent(open, index, second as string);
    },
    ...[table, ids, times, bySession, 'events_fts_data', 'events_fts_docsize', 'events_fts_idx'],
  );
  const { report, seqs } = rescued();
  expect(seqs).toEqual([...seqsTo(200), 1000]);
  expect(report.refused).toEqual([]);
  expect(report.doubts).toEqual([expect.stringContaining('belong to nothing')]);
});

test('every page is as it was but the first: there are pages that belong to nothing', () => {
  const older = readFileSync(path);
  const db = new Database(path);
  for (let index = 201; index <= 260; index += 1) addEvent(db, index, first as string);
  db.close();
  const bytes = readFileSync(path);
  older.copy(bytes, page, page);
  writeFileSync(path, bytes);
  const { report, exit, seqs } = rescued();
  expect(seqs).toEqual(seqsTo(200));
  expect(report.doubts).toEqual([
    expect.stringMatching(
      /^\d+ pages belong to nothing, and what is in use is sound: some of it may be older than it was$/,
    ),
  ]);
  expect(exit).toBe(3);
});

test('an index is as it was: all other indexes name each event, and nothing is lost', () => {
  loseWrites(addOne, times);
  expect(rescued()).toMatchObject({ exit: 0, seqs: seqsTo(201) });
});

test('the full-text index is as it was: the events that it does not know yet are sound', () => {
  loseWrites((db) => {
    for (let index = 201; index <= 204; index += 1) addEvent(db, index, first as string);
  }, 'events_fts_data');
  expect(rescued()).toMatchObject({ exit: 0, seqs: seqsTo(204) });
});

test('a deleted session in pages of a damaged list of free pages: nothing is lost', () => {
  const db = new Database(path);
  addSession(db, second as string);
  for (let index = 201; index <= 400; index += 1) addEvent(db, index, second as string);
  for (let index = 401; index <= 410; index += 1) addEvent(db, index, first as string);
  db.exec(`DELETE FROM events WHERE session_id = '${second}'; DELETE FROM sessions WHERE id = '${second}'`);
  db.close();
  const bytes = readFileSync(path);
  const trunk = bytes.readUInt32BE(32);
  expect(trunk).toBeGreaterThan(1);
  bytes.fill(0, (trunk - 1) * page, trunk * page);
  writeFileSync(path, bytes);
  const { exit, seqs } = rescued();
  expect(seqs.filter((seq) => seq > 200 && seq <= 400)).toEqual([]);
  expect([exit, seqs.length]).toEqual([0, 210]);
});

test('the newest page of sessions is one of zeros that fits its checksum: the row is as it was before', () => {
  const db = new Database(path);
  db.pragma('journal_mode = WAL');
  db.pragma('wal_autocheckpoint = 0');
  const root = db.prepare("SELECT rootpage FROM sqlite_schema WHERE name = 'sessions'").pluck().get() as number;
  for (const title of ['second', 'third']) db.exec(`UPDATE sessions SET title = 't', labels = '${title}'`);
  const [main, wal] = [readFileSync(path), readFileSync(`${path}-wal`)];
  db.close();
  const newest = scanWal(wal).frames.findLastIndex(({ page: number }) => number === root);
  frame(wal, newest).fill(0, 24);
  sumAgain(wal, newest);
  writeFileSync(path, main);
  writeFileSync(`${path}-wal`, wal);
  const { report, exit } = rescued();
  expect(report.doubts).toContain(
    '1 row of tables that change was read from replaced or free space: what changed since is lost',
  );
  expect(exit).toBe(3);
});

test('the WAL of another ledger: what its own held is not known', () => {
  const other = `${path}-other`;
  copyFileSync(path, other);
  for (const [at, name] of [path, other].entries()) {
    const db = new Database(name);
    db.pragma('journal_mode = WAL');
    for (let index = 201; index <= 220; index += 1) addEvent(db, index + 10_000 * at, first as string);
    db.exec(`UPDATE events SET id = lower(hex(randomblob(16))) WHERE rowid > 50`);
    db.pragma('wal_checkpoint(TRUNCATE)');
    db.pragma('wal_autocheckpoint = 0');
    db.exec("UPDATE events SET kind = 'input' WHERE rowid > 90");
    if (name === other) copyFileSync(`${other}-wal`, `${scratch.path}/foreign-wal`);
    db.close();
  }
  copyFileSync(`${scratch.path}/foreign-wal`, `${path}-wal`);
  const { report, exit } = rescued();
  expect(report.source.foreignWal).toBe(true);
  // Those that were changed, and their neighbours on the same page.
  const { sessions = -1, events = 0 } = report.source.foreignRows ?? {};
  expect(sessions).toBe(0);
  expect(events).toBeGreaterThanOrEqual(130);
  expect(report.doubts).toEqual([
    `what the WAL of this ledger held is not known, since another one is in its place; that one holds ${events} events that the rescued ledger does not have`,
  ]);
  expect(exit).toBe(3);
});

test('a page that is in use and on the freelist is damage, though every row is there', () => {
  const db = new Database(path);
  db.pragma('wal_checkpoint(TRUNCATE)');
  const used = db.prepare("SELECT rootpage FROM sqlite_schema WHERE name = 'sessions'").pluck().get() as number;
  db.close();
  const main = readFileSync(path);
  const pages = main.length / page;
  const trunk = Buffer.alloc(page);
  trunk.writeUInt32BE(1, 4);
  trunk.writeUInt32BE(used, 8);
  main.writeUInt32BE(pages + 1, 28);
  main.writeUInt32BE(pages + 1, 32);
  main.writeUInt32BE(2, 36);
  writeFileSync(path, Buffer.concat([main, trunk]));
  const { report } = rescued();
  expect([report.source.damagedPages, isUndamaged(report)]).toEqual([1, false]);
});

/** The files of a ledger with 5 commits in its WAL, each of one event. */
function walled(): { readonly main: Buffer; readonly wal: Buffer } {
  const db = new Database(path);
  db.pragma('journal_mode = WAL');
  db.pragma('wal_autocheckpoint = 0');
  for (let index = 201; index <= 205; index += 1) addEvent(db, index, first as string);
  const files = { main: readFileSync(path), wal: readFileSync(`${path}-wal`) };
  db.close();
  return files;
}

function rescuedWith(main: Buffer, wal: Buffer) {
  writeFileSync(path, main);
  writeFileSync(`${path}-wal`, wal);
  return rescued();
}

test('the header of the WAL is lost: its first frame is known to be whole, and nothing is lost', () => {
  const { main, wal } = walled();
  wal.fill(0, 0, 32);
  expect(rescuedWith(main, wal)).toMatchObject({ exit: 0, seqs: seqsTo(205) });
});

test('a frame without its salts, page number or checksum is known to be whole, and nothing is lost', () => {
  const { main, wal } = walled();
  const { frames } = scanWal(wal);
  const last = frames.length - 1;
  for (const [at, from] of [
    [2, 0],
    [last - 1, 8],
    [last - 3, 16],
  ] as const)
    frame(wal, at).fill(0x21, from, from + 4);
  expect(rescuedWith(main, wal)).toMatchObject({ exit: 0, seqs: seqsTo(205) });
});

test('frames at the end of the WAL are zeros: a commit may have ended in one', () => {
  const { main, wal } = walled();
  const { frames } = scanWal(wal);
  const previous = frames.slice(0, -1).findLastIndex(({ commit }) => commit);
  for (let at = previous + 1; at < frames.length; at += 1) frame(wal, at).fill(0);
  const { report, exit, seqs } = rescuedWith(main, wal);
  expect(seqs).toEqual(seqsTo(204));
  expect(report.doubts).toContainEqual(expect.stringMatching(/^\d+ frames of the WAL are damaged/));
  expect(exit).toBe(3);
});
