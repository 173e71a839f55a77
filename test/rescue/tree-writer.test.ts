// Rows that are written straight into a b-tree are, to SQLite, what it would have written.
import { closeSync, ftruncateSync, openSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { seeded } from '../../fixtures/damage/random.ts';
import { makeScratch } from '../../fixtures/scratch.ts';
import { makeTables } from '../../src/rescue/scratch.ts';
import { TreeWriter, writeWhole } from '../../src/rescue/tree-writer.ts';
import { indexAgreed } from '../../src/rescue/write-agreed.ts';

let scratch: Awaited<ReturnType<typeof makeScratch>>;
beforeAll(async () => {
  scratch = await makeScratch();
});
afterAll(() => scratch[Symbol.asyncDispose]());

const make = (pageSize: number, pages?: number): string => {
  const path = join(scratch.path, 'tree.sqlite3');
  rmSync(path, { force: true });
  const db = new Database(path);
  db.pragma(`page_size = ${pageSize}`);
  db.exec('CREATE TABLE t(text TEXT); CREATE TABLE u(text TEXT)');
  db.close();
  if (pages === undefined) return path;
  // SQLite takes what the header says for the size, which is what the writer was told.
  const fd = openSync(path, 'r+');
  ftruncateSync(fd, pages * pageSize);
  closeSync(fd);
  return path;
};

/** A record of one text. Source: the SQLite file format, section 2.1. */
function recordOf(text: string): Buffer {
  const type = 13 + 2 * text.length;
  const types: number[] = [];
  for (let left = type; left > 0; left = Math.floor(left / 128))
    types.unshift((left % 128) | (types.length ? 0x80 : 0));
  return Buffer.concat([Buffer.from([types.length + 1, ...types]), Buffer.from(text)]);
}

function write(path: string, pageSize: number, pages: number, rows: ReadonlyMap<number, string>): number {
  const fd = openSync(path, 'r+');
  const writer = new TreeWriter(fd, pageSize, pages);
  for (const [rowid, text] of rows) {
    const record = recordOf(text);
    // It lies somewhere in a buffer.
    expect(writer.add(rowid, Buffer.concat([Buffer.alloc(7), record]), 7, record.length)).toBe(true);
  }
  const count = Buffer.alloc(4);
  count.writeUInt32BE(writer.end(2));
  writeWhole(fd, count, 28);
  closeSync(fd);
  return count.readUInt32BE(0);
}

const rowsOf = (path: string) => {
  const db = new Database(path);
  const rows = new Map(db.prepare('SELECT rowid, text FROM t ORDER BY rowid').raw().all() as [number, string][]);
  const integrity = db.pragma('integrity_check(3)', { simple: true });
  // And SQLite goes on with it.
  db.exec("INSERT INTO t(rowid, text) VALUES (-1, 'before'); DELETE FROM t WHERE rowid % 3 = 0");
  const after = db.pragma('integrity_check(3)', { simple: true });
  db.close();
  return { rows, integrity, after };
};

test.each([
  [512, 0, 10],
  [512, 1, 10],
  [512, 3000, 60],
  [512, 900, 4000],
  [1024, 4000, 300],
  [4096, 3000, 900],
  [4096, 300, 40_000],
  [65_536, 400, 200],
  [65_536, 60, 300_000],
])('pages of %i bytes, %i rows of up to %i characters', (pageSize, count, most) => {
  const random = seeded(`${pageSize} ${count} ${most}`);
  const rows = new Map<number, string>();
  let rowid = 0;
  for (let row = 0; row < count; row += 1) {
    rowid += random.int(9) === 0 ? 1 + random.int(2 ** 31) : 1;
    rows.set(rowid, 'x'.repeat(random.int(most)));
  }
  const path = make(pageSize);
  write(path, pageSize, 3, rows);
  const { rows: is, integrity, after } = rowsOf(path);
  expect([integrity, after]).toEqual(['ok', 'ok']);
  expect([...is.keys()]).toEqual([...rows.keys()]);
  for (const [at, text] of rows) expect(is.get(at) === text, `row ${at}`).toBe(true);
});

test('a row that does not follow the one before is refused', () => {
  const path = make(512);
  const fd = openSync(path, 'r+');
  const writer = new TreeWriter(fd, 512, 3);
  const record = recordOf('a');
  expect([5, 5, 4, 6].map((rowid) => writer.add(rowid, record, 0, record.length))).toEqual([true, false, false, true]);
  closeSync(fd);
});

test.each([
  ['of a leaf', 40_000],
  ['of a chain', 400_000],
])('the page of the bytes that SQLite locks is left out, among those %s', (_, length) => {
  const pageSize = 65_536;
  const locked = 2 ** 30 / pageSize + 1;
  const path = make(pageSize, locked - 3);
  const rows = new Map(Array.from({ length: 12 }, (__, at) => [at + 1, String.fromCharCode(97 + at).repeat(length)]));
  expect(write(path, pageSize, locked - 3, rows)).toBeGreaterThan(locked);
  const db = new Database(path, { readonly: true });
  expect(db.pragma('integrity_check(t)', { simple: true })).toBe('ok');
  const is = db.prepare('SELECT rowid, text FROM t ORDER BY rowid').raw().all() as [number, string][];
  for (const [rowid, text] of is) expect(text === rows.get(rowid), `row ${rowid}`).toBe(true);
  expect(is.length).toBe(12);
  db.close();
  rmSync(path);
});

test('rows of one key, which no sound ledger has, are taken or refused by SQLite', () => {
  const path = join(scratch.path, 'keys.sqlite3');
  const empty = new Database(path);
  empty.exec('CREATE TABLE t(text TEXT PRIMARY KEY NOT NULL)');
  empty.close();
  const texts = ['a', 'b', 'a', 'c', 'b'];
  write(path, 4096, 3, new Map(texts.map((text, at) => [at + 1, text])));
  const db = new Database(path);
  const notes = makeTables(new Database(':memory:'));
  const rows = texts.map((_, at) => ({ rowid: at + 1, file: 0, at: 0, cell: at, chain: 0 }));
  indexAgreed(db, { id: 4, name: 't' }, { each: (visit) => rows.forEach(visit) }, notes);
  expect(db.prepare('SELECT count(*) FROM t').pluck().get()).toBe(0);
  expect(db.pragma('integrity_check', { simple: true })).toBe('ok');
  expect(notes.db.prepare('SELECT row FROM winner WHERE tbl = 4').pluck().all()).toEqual([1, 2, 3, 4, 5]);
  db.close();
});
