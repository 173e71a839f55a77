// A WAL that began again tells what a checkpoint had put into the main file, and so which of its pages are older than that.
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { frame, frameCount, scanWal } from '../../fixtures/damage/wal.ts';
import { addSession, createSchema } from '../../fixtures/rescue/coven-schema.ts';
import { makeScratch } from '../../fixtures/scratch.ts';
import { exitOf } from '../../src/rescue/outcome.ts';
import { rescue } from '../../src/rescue/rescue.ts';

const page = 4096;
const session = '11111111-1111-4111-8111-111111111111';
let scratch: Awaited<ReturnType<typeof makeScratch>>;
let path: string;
/** The main file before the last checkpoint, and the files after it. */
let files: { readonly older: Buffer; readonly main: Buffer; readonly wal: Buffer };

/** 300 events in the main file; then 10 of them are deleted and 200 added, a checkpoint, and one more in the WAL that began again. */
beforeAll(async () => {
  scratch = await makeScratch();
  const made = join(scratch.path, 'made.sqlite3');
  const db = new Database(made);
  db.pragma('synchronous = OFF');
  createSchema(db);
  addSession(db, session);
  for (let index = 1; index <= 300; index += 1) addEvent(db, index);
  db.pragma('journal_mode = WAL');
  db.pragma('wal_autocheckpoint = 0');
  db.pragma('wal_checkpoint(TRUNCATE)');
  const older = readFileSync(made);
  // The frames at the beginning are those that the next generation writes over.
  for (let index = 0; index < 40; index += 1) db.exec(`UPDATE sessions SET labels = '${index}'`);
  db.exec('DELETE FROM events WHERE rowid > 100 AND rowid <= 110');
  for (let index = 301; index <= 500; index += 1) addEvent(db, index);
  db.pragma('wal_checkpoint(RESTART)');
  addEvent(db, 501);
  files = { older, main: readFileSync(made), wal: readFileSync(`${made}-wal`) };
  db.close();
});
afterAll(() => scratch[Symbol.asyncDispose]());
beforeEach(() => {
  const folder = join(scratch.path, 'case');
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(join(folder, 'scratch'), { recursive: true });
  path = join(folder, 'coven.sqlite3');
});

function addEvent(db: Database.Database, index: number): void {
  const data = Array.from({ length: 12 }, (_, at) => `w${index}x${at}`).join(' ');
  const id = `${String((index * 7919) % 1_000_003).padStart(8, '0')}-2222-4222-8222-222222222222`;
  db.prepare(
    "INSERT INTO events (rowid, id, session_id, kind, payload_json, created_at) VALUES (?, ?, ?, 'output', ?, ?)",
  ).run(index, id, session, JSON.stringify({ data }), new Date(1.79e12 + index * 1000).toISOString());
}

function rescued(main: Buffer, wal = files.wal) {
  writeFileSync(path, main);
  writeFileSync(`${path}-wal`, wal);
  const output = `${path}-rescued`;
  const report = rescue({ ledger: path, scratch: join(path, '../scratch'), output }, () => undefined);
  const db = new Database(output, { readonly: true });
  const seqs = db.prepare('SELECT rowid FROM events ORDER BY rowid').pluck().all() as number[];
  db.close();
  return { report, exit: exitOf(report), seqs };
}

const seqsTo = (last: number): readonly number[] =>
  Array.from({ length: last }, (_, at) => at + 1).filter((seq) => seq <= 100 || seq > 110);

test('an undamaged ledger with a WAL that began again: nothing may be lost', () => {
  expect(rescued(files.main)).toMatchObject({ exit: 0, report: { complete: true, doubts: [] }, seqs: seqsTo(501) });
});

test('the main file is that of before the checkpoint: what the checkpoint wrote comes from the WAL, and what was deleted stays so', () => {
  const { report, exit, seqs } = rescued(files.older);
  expect(seqs).toEqual(seqsTo(501));
  expect(report.doubts).toContainEqual(
    expect.stringMatching(/^\d+ pages of the main file were older than the WAL that was put into it/),
  );
  expect(exit).toBe(3);
});

test('a page of the main file is zeros: its frame has it, and nothing may be lost', () => {
  const { frames, taken } = scanWal(files.wal);
  const current = new Set(frames.slice(0, taken).map(({ page: number }) => number));
  const stale = frames.findLast(({ page: number, current: isCurrent }) => !isCurrent && !current.has(number));
  const main = Buffer.from(files.main);
  const number = stale?.page ?? 0;
  expect(number).toBeGreaterThan(1);
  main.fill(0, (number - 1) * page, number * page);
  expect(rescued(main)).toMatchObject({ exit: 0, report: { complete: true, doubts: [] }, seqs: seqsTo(501) });
});

test('where a frame of the newest generation may be gone, the main file may be newer than the frames behind', () => {
  const wal = Buffer.from(files.wal);
  // Zeros, and not what SQLite leaves of a transaction that did not end: such a frame names its page.
  const { taken } = scanWal(wal);
  expect(frameCount(wal)).toBeGreaterThan(taken + 1);
  frame(wal, taken).fill(0);
  const { report } = rescued(files.older, wal);
  expect(report.doubts).not.toContainEqual(expect.stringContaining('that was put into it'));
});
