import { join } from 'node:path';
import Database from 'better-sqlite3';
import { expect, test } from 'vitest';
import { makeScratch } from '../../fixtures/scratch.ts';
import { withLedger } from '../../src/sqlite/files.ts';
import { openPages } from '../../src/sqlite/pages.ts';
import { readPayload } from '../../src/sqlite/payload.ts';
import { parseRecordHeader, type Value, valueAt } from '../../src/sqlite/record.ts';
import { cellsOf, leavesOf } from '../../src/sqlite/tree.ts';
import { bigVarint, varint, varintEnd } from '../../src/sqlite/varint.ts';

const values = [
  null,
  0,
  1,
  -1,
  127,
  -128,
  32_767,
  -8_388_608,
  2 ** 31,
  -(2 ** 47),
  2 ** 53 - 1,
  1.5,
  -2.25e300,
  '',
  'text',
  'ä€😀',
  'x'.repeat(20_000),
  Buffer.alloc(0),
  Buffer.from([0, 255, 1]),
  Buffer.alloc(9000, 7),
  2n ** 62n,
  -(2n ** 63n),
] as const;

test.each(['UTF-8', 'UTF-16le', 'UTF-16be'])(
  'every kind of value is decoded as SQLite wrote it, in %s',
  async (encoding) => {
    await using scratch = await makeScratch();
    const path = join(scratch.path, 'db');
    const db = new Database(path);
    db.pragma(`encoding = '${encoding}'`);
    db.exec('CREATE TABLE t (a, b)');
    const insert = db.prepare('INSERT INTO t (rowid, a, b) VALUES (?, ?, ?)');
    for (const [index, value] of values.entries()) insert.run(BigInt(index - 3) * 10n ** 10n, value, index);
    const root = db.prepare("SELECT rootpage FROM sqlite_schema WHERE name = 't'").pluck().get() as number;
    db.close();
    const read = withLedger(
      path,
      () => false,
      ({ main, wal }) => {
        const pages = openPages(main, wal);
        if (!pages) return [];
        const rows: (readonly [number, Value | undefined, Value | undefined])[] = [];
        for (const page of leavesOf(pages, root, true)) {
          for (const cell of cellsOf(page)) {
            const { bytes } = readPayload(pages, page, cell);
            const header = parseRecordHeader(bytes);
            if (header)
              rows.push([
                cell.rowid,
                valueAt(bytes, header, 0, pages.header.encoding),
                valueAt(bytes, header, 1, 'utf8'),
              ]);
          }
        }
        return rows;
      },
    );
    // better-sqlite3 binds every number that is no bigint as a real.
    expect(read).toEqual(values.map((value, index) => [(index - 3) * 10 ** 10, value, index]));
  },
);

test.each([
  ['00', 0n, 1],
  ['7f', 127n, 1],
  ['8100', 128n, 2],
  ['ffffffffffffffffff', -1n, 9],
  ['80808080808080807f', 127n, 9],
  ['bfffffffffffffffff', 2n ** 63n - 1n, 9],
])('the varint %s', (hex, value, length) => {
  const bytes = Buffer.from(hex, 'hex');
  expect([bigVarint(bytes, 0), varint(bytes, 0), varintEnd(bytes, 0)]).toEqual([value, Number(value), length]);
});
