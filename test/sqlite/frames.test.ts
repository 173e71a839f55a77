import { openSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { expect, test } from 'vitest';
import { makeScratch, type Scratch } from '../../fixtures/scratch.ts';
import { makeDatabase, variedSql } from '../../fixtures/sqlite.ts';
import { type Frames, readFrames } from '../../src/sqlite/frames.ts';

const frameBytes = 4096 + 24;
const inWal = Array.from({ length: 6 }, (_, index) => `INSERT INTO sessions VALUES ('later-${index}', 'title', '')`);

function framesOf(path: string): Frames | null {
  const wal = `${path}-wal`;
  return readFrames(openSync(wal, 'r'), statSync(wal).size, 4096, () => false);
}

const walled = (scratch: Scratch): string => makeDatabase(join(scratch.path, 'db'), { sql: variedSql, inWal });

/** Changes the bytes of a WAL. */
function edit(path: string, change: (wal: Buffer) => void): void {
  const wal = readFileSync(`${path}-wal`);
  change(wal);
  writeFileSync(`${path}-wal`, wal);
}

const summary = (frames: Frames | null) =>
  frames && {
    header: frames.header,
    visible: frames.visibleCommits,
    hidden: frames.hiddenCommits,
    torn: frames.tornCommits,
    firstDamaged: frames.firstDamaged,
  };

/** Flips the lowest bit of a byte. */
function flip(bytes: Buffer, at: number): void {
  bytes.writeUInt8(bytes.readUInt8(at) ^ 1, at);
}

/** Frames of the WAL that end a commit. */
const commitsOf = (frames: Frames): readonly number[] =>
  Array.from({ length: frames.slots }, (_, frame) => frame).filter((frame) => frames.commitOf(frame) > 0);

test('of a sound WAL every commit is visible, as SQLite sees them', async () => {
  await using scratch = await makeScratch();
  const path = walled(scratch);
  expect(summary(framesOf(path))).toEqual({ header: 'sound', visible: 6, hidden: 0, torn: 0, firstDamaged: null });
});

test.each([
  ['a byte of a page', 24 + 100],
  ['a byte of the page number', 2],
  ['a byte of the salt', 9],
  ['a byte of the stored checksum', 17],
])('%s costs only the commit of its frame, and those behind it are counted', async (_, at) => {
  await using scratch = await makeScratch();
  const path = walled(scratch);
  const whole = framesOf(path) as Frames;
  const [, second = 0] = commitsOf(whole);
  edit(path, (wal) => flip(wal, 32 + second * frameBytes + at));
  expect(summary(framesOf(path))).toEqual({ header: 'sound', visible: 1, hidden: 4, torn: 0, firstDamaged: second });
  // What SQLite sees of it.
  const db = new Database(path, { readonly: true });
  expect(db.prepare("SELECT count(*) FROM sessions WHERE id LIKE 'later-%'").pluck().get()).toBe(1);
  db.close();
});

test('a damaged first frame hides every commit behind it', async () => {
  await using scratch = await makeScratch();
  const path = walled(scratch);
  const [first = 0] = commitsOf(framesOf(path) as Frames);
  edit(path, (wal) => flip(wal, 32 + 24 + 7));
  const found = summary(framesOf(path));
  expect(found).toMatchObject({ header: 'sound', visible: 0, torn: 0, firstDamaged: 0 });
  expect(found?.hidden).toBe(first === 0 ? 5 : 6);
});

test.each([
  ['zeros', (wal: Buffer) => void wal.fill(0, 0, 32)],
  ['a changed byte', (wal: Buffer) => flip(wal, 18)],
])('without its header (%s) a WAL still tells its commits', async (_, change) => {
  await using scratch = await makeScratch();
  const path = walled(scratch);
  edit(path, change);
  const found = summary(framesOf(path));
  expect(found).toMatchObject({ header: 'damaged', visible: 0, firstDamaged: 0 });
  expect(found?.hidden).toBeGreaterThanOrEqual(5);
});

test.each([
  ['noise', (wal: Buffer) => void wal.fill(0x5a)],
  ['zeros', (wal: Buffer) => void wal.fill(0)],
])('%s is no WAL', async (_, change) => {
  await using scratch = await makeScratch();
  const path = walled(scratch);
  edit(path, change);
  expect(framesOf(path)).toBe(null);
});

test('a tail that was not committed, or cut off in a frame, is no damage', async () => {
  await using scratch = await makeScratch();
  const path = walled(scratch);
  const db = new Database(path);
  db.pragma('wal_autocheckpoint = 0');
  db.pragma('cache_size = 2');
  db.exec('BEGIN');
  db.exec("UPDATE events SET payload_json = payload_json || 'more'");
  const wal = readFileSync(`${path}-wal`);
  db.exec('ROLLBACK');
  db.close();
  const spilled = Math.floor((wal.length - 32) / frameBytes);
  await using other = await makeScratch();
  const fresh = walled(other);
  writeFileSync(`${fresh}-wal`, wal);
  const found = framesOf(fresh);
  expect(found?.slots).toBe(spilled);
  expect(summary(found)).toMatchObject({ hidden: 0, torn: 0, firstDamaged: null });
  truncateSync(`${fresh}-wal`, wal.length - 1000);
  expect(summary(framesOf(fresh))).toMatchObject({ hidden: 0, torn: 0, firstDamaged: null });
});

test('the last commit that does not carry its checksum is told, and hides nothing', async () => {
  await using scratch = await makeScratch();
  const path = walled(scratch);
  const last = commitsOf(framesOf(path) as Frames).at(-1) ?? 0;
  edit(path, (wal) => flip(wal, 32 + last * frameBytes + 500));
  expect(summary(framesOf(path))).toEqual({ header: 'sound', visible: 5, hidden: 0, torn: 1, firstDamaged: null });
});

test('frames of an older generation count for nothing', async () => {
  await using scratch = await makeScratch();
  const path = join(scratch.path, 'db');
  const db = new Database(path);
  db.pragma('journal_mode = WAL');
  db.pragma('wal_autocheckpoint = 0');
  for (const sql of variedSql) db.exec(sql);
  db.pragma('wal_checkpoint(RESTART)');
  db.exec("INSERT INTO sessions VALUES ('later', 'title', '')");
  const found = framesOf(path);
  db.close();
  expect(found?.slots).toBeGreaterThan(100);
  expect(summary(found)).toEqual({ header: 'sound', visible: 1, hidden: 0, torn: 0, firstDamaged: null });
});

test.each([
  ['the stored checksum', 17, 1],
  ['the page number', 3, 1],
  ['the size', 5, 1],
  ['a salt', 9, 1],
  ['the page itself', 24 + 700, 0],
])('where %s of a frame is damaged, what the frame said is known or not', async (_, at, known) => {
  await using scratch = await makeScratch();
  const path = walled(scratch);
  const whole = framesOf(path) as Frames;
  const [, second = 0] = commitsOf(whole);
  expect(whole.saidBy(second)).toBe(null);
  edit(path, (wal) => flip(wal, 32 + second * frameBytes + at));
  const said = framesOf(path)?.saidBy(second);
  expect(said).toEqual(known ? { page: whole.pageOf(second), commit: whole.commitOf(second) } : null);
});

test('without the header, the first frame is known by the checksum that it follows from', async () => {
  await using scratch = await makeScratch();
  const path = walled(scratch);
  const whole = framesOf(path) as Frames;
  edit(path, (wal) => void wal.fill(0, 0, 32));
  expect(framesOf(path)?.saidBy(0)).toEqual({ page: whole.pageOf(0), commit: whole.commitOf(0) });
  edit(path, (wal) => flip(wal, 32 + 24 + 900));
  expect(framesOf(path)?.saidBy(0)).toBe(null);
});
