import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { expect, test } from 'vitest';
import { frame, scanWal, sumAgain } from '../../fixtures/damage/wal.ts';
import { makeScratch, type Scratch } from '../../fixtures/scratch.ts';
import { makeDatabase, variedSql } from '../../fixtures/sqlite.ts';
import { withLedger } from '../../src/sqlite/files.ts';
import { isForeign } from '../../src/sqlite/fork.ts';

const foreign = (path: string): boolean | null =>
  withLedger(
    path,
    () => false,
    (ledger) => isForeign(ledger, () => false),
  );

const add = (who: string, from: number, count: number): string =>
  `WITH RECURSIVE n(i) AS (SELECT ${from} UNION ALL SELECT i + 1 FROM n WHERE i < ${from + count - 1})
   INSERT INTO events SELECT '${who}-' || i, 'session-1', 'payload of ${who} ' || hex(zeroblob(i % 300)), '2026-11-02' FROM n`;

/** A database with the given SQL in its main file and in its WAL. */
const make = (scratch: Scratch, name: string, sql: readonly string[], inWal: readonly string[]): string =>
  makeDatabase(join(scratch.path, name), { sql: [...variedSql, ...sql], inWal });

/** Main file of one, WAL of the other. */
function mix(scratch: Scratch, main: string, wal: string): string {
  const path = join(scratch.path, 'mixed');
  copyFileSync(main, path);
  copyFileSync(`${wal}-wal`, `${path}-wal`);
  return path;
}

test.each([
  ['more rows', [add('own', 1, 300)]],
  [
    'the newest rows deleted, and others in their places later',
    ['DELETE FROM events WHERE rowid > 1300', add('own', 1, 300)],
  ],
  [
    'every row deleted, and others in their places later',
    ['DELETE FROM events', 'DELETE FROM sessions', add('own', 1, 900)],
  ],
  ['all of it rewritten', ['VACUUM', add('own', 1, 300)]],
  [
    'many small changes',
    Array.from({ length: 60 }, (_, index) => `UPDATE events SET payload_json = '${index}' WHERE rowid % 60 = ${index}`),
  ],
])('a WAL with %s is the ledger’s own', async (_, inWal) => {
  await using scratch = await makeScratch();
  expect(foreign(make(scratch, 'own', [], inWal))).not.toBe(true);
});

test('a WAL that was written back in part, or whole, is the ledger’s own', async () => {
  await using scratch = await makeScratch();
  const path = join(scratch.path, 'db');
  const db = new Database(path);
  db.pragma('journal_mode = WAL');
  db.pragma('wal_autocheckpoint = 0');
  for (const sql of variedSql) db.exec(sql);
  db.pragma('wal_checkpoint(TRUNCATE)');
  db.exec('DELETE FROM events WHERE rowid > 1300');
  db.exec(add('own', 1, 300));
  const reader = new Database(path, { readonly: true });
  reader.exec('BEGIN');
  reader.prepare('SELECT count(*) FROM events').get();
  db.exec('DELETE FROM events WHERE rowid > 1200');
  db.exec(add('other', 1, 300));
  db.pragma('wal_checkpoint(PASSIVE)');
  expect(foreign(path)).not.toBe(true);
  reader.exec('COMMIT');
  db.pragma('wal_checkpoint(PASSIVE)');
  expect(foreign(path)).not.toBe(true);
  db.exec(add('more', 1, 20));
  expect(foreign(path)).not.toBe(true);
  reader.close();
  db.close();
});

test.each([
  ['a bit in the middle of its page', 7, 1],
  ['a bit at the end of the table', 8, 1],
  ['a byte that no id has', 7, 0x80],
])(
  'an id that is damaged in the main file, %s, makes no other ledger of a WAL that has it as it was',
  async (_, row, change) => {
    await using scratch = await makeScratch();
    const id = (n: number): string => `6cdf860a-ae7b-4e5d-8476-09b1df648d${n}0`;
    const rows = [1, 2, 3, 4, 5, 6, 7, 8].map((n) => `INSERT INTO sessions (id) VALUES ('${id(n)}')`);
    const path = makeDatabase(join(scratch.path, 'db'), {
      sql: ['CREATE TABLE sessions (id TEXT PRIMARY KEY, title)', ...rows],
      inWal: [`UPDATE sessions SET title = 'new'`],
    });
    const bytes = readFileSync(path);
    // The index by which the table is asked has it, too.
    for (let at = bytes.indexOf(id(row)); at >= 0; at = bytes.indexOf(id(row))) bytes[at] = (bytes[at] ?? 0) ^ change;
    writeFileSync(path, bytes);
    expect(foreign(path)).toBe(false);
  },
);

test.each([
  ['a fork of the same ledger', [add('main', 1, 40)], [], [add('fork', 1, 40)]],
  ['a fork of which both went on for long', [add('main', 1, 900)], [], [add('fork', 1, 30), add('fork', 31, 900)]],
  [
    'a fork that both deleted from',
    ['DELETE FROM events WHERE rowid > 1400', add('main', 1, 90)],
    [],
    [add('fork', 1, 40)],
  ],
  [
    'a ledger with other rows',
    [],
    ['DELETE FROM events', 'DELETE FROM sessions', add('other', 1, 500)],
    [add('other', 501, 5000)],
  ],
])('a WAL of %s is foreign', async (_, main, fork, inWal) => {
  await using scratch = await makeScratch();
  const path = mix(
    scratch,
    make(scratch, 'main', main, ["INSERT INTO sessions VALUES ('s', 't', '')"]),
    make(scratch, 'fork', fork, inWal),
  );
  expect(foreign(path)).toBe(true);
});

test('an old WAL beside a main file that went on is foreign', async () => {
  await using scratch = await makeScratch();
  const path = make(scratch, 'db', [], [add('own', 1, 300)]);
  const old = readFileSync(`${path}-wal`);
  for (const from of [1000, 2000]) {
    const db = new Database(path);
    db.exec(add('later', from, 200));
    db.close();
  }
  writeFileSync(`${path}-wal`, old);
  expect(foreign(path)).toBe(true);
});

test('a WAL of which the page of the schema is one of zeros that fits its checksum is the ledger’s own', async () => {
  await using scratch = await makeScratch();
  const path = make(scratch, 'db', [], ['CREATE TABLE more (x)', add('own', 1, 300)]);
  const wal = readFileSync(`${path}-wal`);
  const first = scanWal(wal).frames.findLastIndex(({ page }) => page === 1);
  expect(first).toBeGreaterThanOrEqual(0);
  frame(wal, first).fill(0, 24);
  sumAgain(wal, first);
  writeFileSync(`${path}-wal`, wal);
  expect(foreign(path)).not.toBe(true);
});
