import { closeSync, fstatSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { expect, test } from 'vitest';
import { makeScratch } from '../../fixtures/scratch.ts';
import { layOut } from '../../src/rescue/layout.ts';

const pageSize = 4096;
const format = { pageSize, usableSize: pageSize };

/** A database of tables with a row each, leaves, interior pages, and chains of overflow pages that are not full. */
function makeLedger(path: string): Buffer {
  const db = new Database(path);
  db.exec('CREATE TABLE one(number INTEGER, text TEXT); CREATE TABLE many(id INTEGER PRIMARY KEY, text TEXT)');
  db.exec("INSERT INTO one VALUES (7, 'seven')");
  const insert = db.prepare('INSERT INTO many VALUES (?, ?)');
  for (let id = 1; id <= 160; id += 1) insert.run(id, `${id} `.repeat(id % 20 === 0 ? 6000 : 20));
  db.exec('CREATE INDEX many_text ON many(text)');
  db.close();
  return readFileSync(path);
}

function offsetsOf(
  path: string,
  bytes: Buffer,
): { readonly pages: readonly number[]; readonly others: readonly number[] } {
  writeFileSync(path, bytes);
  const fd = openSync(path, 'r');
  try {
    const { size } = fstatSync(fd);
    const layout = layOut({ fd, size }, format);
    const all = Array.from({ length: size / pageSize }, (_, at) => at + 1);
    return {
      pages: all.map((page) => layout.offsetOf(page) - (page - 1) * pageSize),
      others: all.filter((page) => layout.otherOf(page) !== null),
    };
  } finally {
    closeSync(fd);
  }
}

test('a sector that is there twice moves the page that it begins and all that follow, wherever that is', async () => {
  await using scratch = await makeScratch();
  const path = join(scratch.path, 'ledger');
  const sound = makeLedger(path);
  const count = sound.length / pageSize;
  expect(offsetsOf(path, sound)).toEqual({ pages: Array(count).fill(0), others: [] });
  const wrong: string[] = [];
  // That a page moved is told by the b-tree pages behind it, of which the last is cut here.
  const isBtree = (page: number): boolean => [2, 5, 10, 13].includes(sound[(page - 1) * pageSize] ?? 0);
  const last = Array.from({ length: count - 1 }, (_, at) => at + 1).findLast(isBtree) ?? 0;
  for (let first = 2; first < last; first += 1) {
    const bytes = Buffer.from(sound);
    const from = (first - 1) * pageSize;
    bytes.copyWithin(from + 512, from, bytes.length - 512);
    const { pages } = offsetsOf(path, bytes);
    const found = pages.findIndex((offset) => offset !== 0) + 1;
    if (found !== first || pages.slice(first - 1).some((offset) => offset !== 512))
      wrong.push(`${first}: from ${found}`);
  }
  expect(wrong).toEqual([]);
});
