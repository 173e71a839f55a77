import { readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { makeScratch } from '../../fixtures/scratch.ts';
import { editPage, makeDatabase, mapOf, pagesOf, variedSql } from '../../fixtures/sqlite.ts';
import type { PageMap } from '../../src/sqlite/page-map.ts';

const texts = (map: PageMap): readonly string[] => map.problems.map(({ text }) => text);

/** Use and b-tree of every page as SQLite's dbstat tells them. */
function dbstat(path: string): readonly string[] {
  const db = new Database(path, { readonly: true });
  const rows = db.prepare('SELECT pageno, name, pagetype FROM dbstat ORDER BY pageno').all() as {
    pageno: number;
    name: string;
    pagetype: string;
  }[];
  db.close();
  return rows.map(({ pageno, name, pagetype }) => `${pageno} ${name} ${pagetype.replace('internal', 'interior')}`);
}

describe.each([
  ['small pages', ['page_size = 512']],
  ['large pages', ['page_size = 65536']],
  ['auto_vacuum', ['page_size = 1024', 'auto_vacuum = FULL']],
  ['incremental auto_vacuum', ['auto_vacuum = INCREMENTAL']],
  ['UTF-16', ["encoding = 'UTF-16le'"]],
  ['a page size of 4096', []],
])('a database with %s', (_, pragmas) => {
  test.each([
    ['in the main file', []],
    [
      'in a WAL, too',
      ['DELETE FROM events WHERE rowid > 1000', "INSERT INTO sessions VALUES ('later', hex(zeroblob(20000)), '')"],
    ],
  ])('is mapped as SQLite maps it, %s', async (_, inWal) => {
    await using scratch = await makeScratch();
    const path = makeDatabase(join(scratch.path, 'db'), { pragmas, sql: variedSql, inWal });
    const map = mapOf(path);
    expect(texts(map)).toEqual([]);
    expect(map.isWhole).toBe(true);
    const owned = Array.from({ length: map.pages }, (_, index) => map.owners?.of(index + 1) ?? null);
    expect(
      owned.flatMap((owner, index) => (owner?.tree ? [`${index + 1} ${owner.tree.name} ${owner.use}`] : [])),
    ).toEqual(dbstat(path));
    expect(map.trees.find(({ name }) => name === 'events')?.rows).toBe(inWal.length > 0 ? 599 : 1099);
    // Interior pages and the freelist alone tell the same owners of everything but overflow chains.
    const bounded = mapOf(path, false);
    expect(texts(bounded)).toEqual([]);
    expect(bounded.trees.map(({ name, interior, leaves }) => [name, interior, leaves])).toEqual(
      map.trees.map(({ name, interior, leaves }) => [name, interior, leaves]),
    );
  });
});

const u32 = (page: Buffer, at: number, value: number): unknown => page.writeUInt32BE(value, at);

/** What is damaged, how, and the problem that tells it. Page numbers are those of the varied database. */
const damages: readonly (readonly [string, (path: string) => void, RegExp, 'bounded'?])[] = [
  [
    'a page in use that is on the freelist',
    (path) =>
      editPage(path, 1, (_, all) =>
        u32(all, (all.readUInt32BE(32) - 1) * 4096 + 8, pagesOf(path, 'events', 'leaf')[3] ?? 0),
      ),
    /belongs to table "events" and also to the freelist|belongs to the freelist and also to table "events"/,
    'bounded',
  ],
  [
    'an interior page that leads to itself',
    (path) => {
      const [root = 0] = pagesOf(path, 'events', 'internal');
      editPage(path, root, (page) => u32(page, 8, root));
    },
    /belongs to table "events" and also to table "events"/,
    'bounded',
  ],
  [
    'a leaf that two tables share',
    (path) => {
      const [root = 0] = pagesOf(path, 'events', 'internal');
      editPage(path, root, (page) => u32(page, 8, pagesOf(path, 'sessions', 'leaf')[0] ?? 0));
    },
    /also to table "sessions"|also to table "events"/,
    'bounded',
  ],
  [
    'a pointer beyond the end',
    (path) => {
      const [root = 0] = pagesOf(path, 'events', 'internal');
      editPage(path, root, (page) => u32(page, 8, 9_999_999));
    },
    /of table "events" points to page 9999999/,
    'bounded',
  ],
  [
    'a freelist that leads to itself',
    (path) => editPage(path, 1, (_, all) => u32(all, (all.readUInt32BE(32) - 1) * 4096, all.readUInt32BE(32))),
    /belongs to the freelist and also to the freelist/,
    'bounded',
  ],
  [
    'a freelist that claims absurdly many pages',
    (path) => editPage(path, 1, (_, all) => u32(all, (all.readUInt32BE(32) - 1) * 4096 + 4, 0xffffffff)),
    /says that it lists 4294967295 pages/,
    'bounded',
  ],
  [
    'a wrong count of free pages',
    (path) => editPage(path, 1, (page) => u32(page, 36, 5)),
    /the header says 5/,
    'bounded',
  ],
  [
    'an automatic index whose root is gone',
    (path) => {
      const root = rootOf(path, 'sqlite_autoindex_sessions_1');
      editPage(path, root, (page) => page.fill(0));
    },
    /of index "sqlite_autoindex_sessions_1" of "sessions" is no b-tree page/,
    'bounded',
  ],
  [
    'a file that is cut off',
    (path) => truncateSync(path, 60 * 4096),
    /the file ends before page 61 of \d+$/,
    'bounded',
  ],
  [
    'a leaf of zeros',
    (path) => editPage(path, pagesOf(path, 'events', 'leaf')[2] ?? 0, (page) => page.fill(0)),
    /of table "events" is no b-tree page/,
  ],
  [
    'a cell pointer outside of its page',
    (path) => editPage(path, pagesOf(path, 'events', 'leaf')[2] ?? 0, (page) => page.writeUInt16BE(4095, 10)),
    /points to a cell at 4095/,
  ],
  [
    'two cells at the same place',
    (path) => editPage(path, pagesOf(path, 'events', 'leaf')[2] ?? 0, (page) => page.copy(page, 8, 10, 12)),
    /uses its byte \d+ twice/,
  ],
  [
    'a payload of a gigabyte',
    (path) =>
      editPage(path, pagesOf(path, 'events', 'leaf')[2] ?? 0, (page) =>
        Buffer.from([0x83, 0xff, 0xff, 0xff, 0x7f]).copy(page, page.readUInt16BE(8)),
      ),
    /of table "events"/,
  ],
  [
    'an overflow chain that ends early',
    (path) => editPage(path, pagesOf(path, 'events', 'overflow')[1] ?? 0, (page) => u32(page, 0, 0)),
    /has an overflow chain of \d+ pages that should be/,
  ],
  [
    'an overflow chain that leads to itself',
    (path) => {
      const [first = 0] = pagesOf(path, 'events', 'overflow');
      editPage(path, first, (page) => u32(page, 0, first));
    },
    /belongs to table "events" and also to table "events"/,
  ],
  [
    'two leaves that changed places',
    (path) => {
      const [one = 0, other = 0] = pagesOf(path, 'events', 'leaf').slice(2);
      editPage(path, one, (page, all) => {
        const copy = Buffer.from(page);
        const second = all.subarray((other - 1) * 4096, other * 4096);
        second.copy(page);
        copy.copy(second);
      });
    },
    /holds the rowid \d+ out of order/,
  ],
  [
    'a page that nothing leads to',
    (path) => editPage(path, 1, (page) => page.fill(0, 32, 40)),
    /\d+ pages belong to nothing/,
  ],
  [
    'a text that is no UTF-8',
    (path) => {
      const all = readFileSync(path);
      all[all.indexOf('session-7title') + 3] = 0xff;
      writeFileSync(path, all);
    },
    /with a text that is not UTF-8/,
  ],
  [
    'a row whose columns do not fit it',
    (path) =>
      editPage(path, pagesOf(path, 'sessions', 'leaf')[0] ?? 0, (page) =>
        page.writeUInt8(0x7f, page.readUInt16BE(8) + 3),
      ),
    /of table "sessions" holds a row \(\d+\) whose columns take/,
  ],
];

function rootOf(path: string, name: string): number {
  const db = new Database(path, { readonly: true });
  const root = db.prepare('SELECT rootpage FROM sqlite_schema WHERE name = ?').pluck().get(name) as number;
  db.close();
  return root;
}

test.each(damages.map(([name, damage, problem, bounded]) => ({ name, damage, problem, bounded })))(
  '$name is told',
  async ({ damage, problem, bounded }) => {
    await using scratch = await makeScratch();
    const path = makeDatabase(join(scratch.path, 'db'), { sql: variedSql });
    damage(path);
    expect(texts(mapOf(path)).join('\n')).toMatch(problem);
    if (bounded) expect(texts(mapOf(path, false)).join('\n')).toMatch(problem);
  },
);

test('whatever bytes are in a database, its map ends', async () => {
  await using scratch = await makeScratch();
  const path = makeDatabase(join(scratch.path, 'db'), { pragmas: ['page_size = 512'], sql: variedSql });
  const whole = readFileSync(path);
  const damage = fc.record({ at: fc.nat(whole.length - 1), bytes: fc.uint8Array({ minLength: 1, maxLength: 40 }) });
  fc.assert(
    fc.property(fc.array(damage, { minLength: 1, maxLength: 8 }), (damages) => {
      const bytes = Buffer.from(whole);
      for (const { at, bytes: written } of damages) Buffer.from(written).copy(bytes, Math.max(at, 100));
      writeFileSync(path, bytes);
      const map = mapOf(path);
      return map.pages === whole.length / 512;
    }),
    { numRuns: 60, seed: Number(process.env.COVEN_DOCTOR_SEED ?? 1) },
  );
});

test('of more b-trees than are read, the rest is not called damage', async () => {
  await using scratch = await makeScratch();
  const sql = Array.from({ length: 4100 }, (_, index) => `CREATE TABLE t${index} (a)`);
  const map = mapOf(makeDatabase(join(scratch.path, 'db'), { pragmas: ['page_size = 512'], sql, inWal: [] }));
  expect([texts(map), map.isMapped, map.isWhole]).toEqual([[], false, false]);
});

test('a main file that is older than the WAL beside it is told from one that was cut off alone', async () => {
  await using scratch = await makeScratch();
  const inWal = ["INSERT INTO sessions VALUES ('later', hex(zeroblob(20000)), '')"];
  const path = makeDatabase(join(scratch.path, 'db'), { sql: variedSql, inWal });
  const pages = statSync(path).size / 4096;
  truncateSync(path, (pages - 1) * 4096);
  expect(texts(mapOf(path)).join('\n')).toMatch(
    /the file ends before page \d+ of \d+, which its WAL does not hold either: it was cut off, or is older than the WAL$/m,
  );
});
