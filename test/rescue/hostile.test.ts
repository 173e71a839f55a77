// Damaged ledgers that somebody made on purpose, or that chance did: a rescue ends, throws nothing and says what it did.
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { makeHome } from '../../fixtures/home.ts';
import { makeScratch } from '../../fixtures/scratch.ts';
import { exitOf } from '../../src/rescue/outcome.ts';
import type { RescueReport } from '../../src/rescue/report.ts';
import { rescue } from '../../src/rescue/rescue.ts';

let scratch: Awaited<ReturnType<typeof makeScratch>>;
let main: Buffer;
let wal: Buffer;

beforeAll(async () => {
  scratch = await makeScratch();
  const home = join(scratch.path, 'home');
  const rows = Array.from({ length: 12 }, (_, index) => ({ id: `session-${index}`, status: 'completed' }));
  makeHome(home, { rows, leaveWal: true });
  main = readFileSync(join(home, 'coven.sqlite3'));
  wal = readFileSync(join(home, 'coven.sqlite3-wal'));
});
afterAll(() => scratch[Symbol.asyncDispose]());

function rescued(files: { readonly main: Buffer; readonly wal?: Buffer }): RescueReport {
  const folder = join(scratch.path, 'case');
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(join(folder, 'scratch'), { recursive: true });
  const ledger = join(folder, 'coven.sqlite3');
  writeFileSync(ledger, files.main);
  if (files.wal) writeFileSync(`${ledger}-wal`, files.wal);
  return rescue({ ledger, scratch: join(folder, 'scratch'), output: join(folder, 'rescued') }, () => undefined);
}

// `npm run hostile:rescue` asks for 5,000 and 1,000,000.
const runs = Number(process.env.COVEN_DOCTOR_MUTANTS ?? 60);
const tables = Number(process.env.COVEN_DOCTOR_TABLES ?? 20_000);

describe('a rescue of', () => {
  test('any bytes in a ledger gives a ledger that passes its checks', () => {
    const change = fc.record({
      at: fc.nat(),
      bytes: fc.uint8Array({ minLength: 1, maxLength: 64 }),
      inWal: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 12 }), (changes) => {
        const files = { main: Buffer.from(main), wal: Buffer.from(wal) };
        for (const { at, bytes, inWal } of changes) {
          const file = inWal ? files.wal : files.main;
          Buffer.from(bytes).copy(file, at % file.length);
        }
        const report = rescued(files);
        const { checks, refused } = report;
        expect({ ...checks, foreignKeys: 0 }).toEqual({ integrity: [], foreignKeys: 0, search: null });
        // A damaged statement may refer to what no table has. That is said, and such a ledger is never put in place.
        if (checks.foreignKeys > 0) expect(exitOf(report)).toBe(4);
        expect(refused.filter(({ name }) => ['sessions', 'events'].includes(name))).toEqual([]);
      }),
      { numRuns: runs, seed: Number(process.env.COVEN_DOCTOR_SEED ?? 1) },
    );
  });

  test('pages that are all alike, and that name themselves', () => {
    const page = 4096;
    for (const kind of [2, 5, 10, 13]) {
      const files = { main: Buffer.from(main) };
      for (let at = page; at + page <= files.main.length; at += page) {
        files.main.fill(0, at, at + page);
        files.main[at] = kind;
        files.main.writeUInt16BE(1, at + 3);
        files.main.writeUInt16BE(page - 100, at + 5);
        files.main.writeUInt16BE(page - 100, at + (kind < 10 ? 12 : 8));
        // The right child and the left one are the page itself.
        files.main.writeUInt32BE(at / page + 1, at + 8);
        files.main.writeUInt32BE(at / page + 1, at + page - 100);
      }
      expect(rescued(files).checks.integrity, `pages of kind ${kind}`).toEqual([]);
    }
  });

  test('cells that claim a gigabyte each, with a chain that goes round', () => {
    const page = 4096;
    const files = { main: Buffer.alloc(60 * page) };
    main.copy(files.main, 0, 0, page);
    for (let number = 2; number <= 50; number += 1) {
      const at = (number - 1) * page;
      const cells = 100;
      files.main[at] = 13;
      files.main.writeUInt16BE(cells, at + 3);
      files.main.writeUInt16BE(1000, at + 5);
      for (let cell = 0; cell < cells; cell += 1) files.main.writeUInt16BE(2000, at + 8 + 2 * cell);
      // 63 MiB, rowid 1, then a record of eight columns, and 55 as the first page of its chain.
      Buffer.from([0x9f, 0xc0, 0x80, 0x00, 0x01, 0x09, 0x55, 0x55, 0x19, 0x80]).copy(files.main, at + 2000);
    }
    for (let number = 51; number <= 60; number += 1) files.main.writeUInt32BE(51 + (number % 10), (number - 1) * page);
    expect(rescued(files).checks.integrity).toEqual([]);
  });

  test('a schema of many more tables than a rescue makes again', () => {
    const path = join(scratch.path, 'crowd.sqlite3');
    const db = new Database(path);
    db.unsafeMode(true);
    db.pragma('synchronous = OFF');
    db.exec('CREATE TABLE t0 (a, b)');
    db.exec('INSERT INTO t0 VALUES (1, 2)');
    db.pragma('writable_schema = ON');
    // All of them claim the page of the first.
    db.exec(`INSERT INTO sqlite_schema SELECT 'table', 't' || value, 't' || value, 2,
      'CREATE TABLE t' || value || ' (a TEXT NOT NULL, b DEFAULT (randomblob(1000000)))'
      FROM (WITH RECURSIVE n(value) AS (SELECT 1 UNION ALL SELECT value + 1 FROM n WHERE value < ${tables}) SELECT value FROM n)`);
    db.close();
    const report = rescued({ main: readFileSync(path) });
    expect(report.checks.integrity).toEqual([]);
    expect(report.tables.length).toBeLessThan(6000);
    expect(report.source.schema).toBe('in part');
    expect(exitOf(report)).not.toBe(0);
  });

  test('a schema of thousands of tables, whose statements would do harm', () => {
    const path = join(scratch.path, 'many.sqlite3');
    const db = new Database(path);
    db.exec('BEGIN');
    for (let index = 0; index < 800; index += 1) db.exec(`CREATE TABLE t${index} (a, b DEFAULT (randomblob(1000000)))`);
    db.exec('INSERT INTO t7 VALUES (1, 2)');
    db.exec('CREATE TRIGGER harm AFTER INSERT ON t7 BEGIN DELETE FROM t7; END');
    db.exec('CREATE VIEW loop AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n');
    db.exec('COMMIT');
    db.close();
    const { tables, checks } = rescued({ main: readFileSync(path) });
    expect(checks.integrity).toEqual([]);
    expect(tables.find(({ table }) => table === 't7')?.rescued).toBe(1);
  });
});
