import { join } from 'node:path';
import Database from 'better-sqlite3';
import { describe, expect, test } from 'vitest';
import { diagnose } from '../fixtures/diagnose.ts';
import { makeHome } from '../fixtures/home.ts';
import { makeScratch } from '../fixtures/scratch.ts';
import { canBeSlowed, endlessly } from '../fixtures/slowed.ts';
import { editPage, pagesOf } from '../fixtures/sqlite.ts';

/** A ledger with interior pages, overflow chains and a freelist. */
function makeVaried(home: string): string {
  makeHome(home, { rows: [{ id: 's', status: 'completed' }], events: 1500, eventBytes: 300 });
  const path = join(home, 'coven.sqlite3');
  const db = new Database(path);
  db.exec(`UPDATE events SET payload_json = '{"data":"' || hex(zeroblob(9000)) || '"}' WHERE rowid % 50 = 0`);
  db.exec('DELETE FROM events WHERE rowid BETWEEN 300 AND 700');
  db.close();
  return path;
}

const freelist = (page: Buffer): number => page.readUInt32BE(32);
const u32 = (page: Buffer, at: number, value: number): void => void page.writeUInt32BE(value, at);

/** Damages of pages of events, and whether the default finds them in a ledger of any size. */
const damages: Readonly<Record<string, (path: string) => void>> = {
  'a page in use that is on the freelist': (path) =>
    editPage(path, 1, (page, all) =>
      u32(all, (freelist(page) - 1) * 4096 + 8, pagesOf(path, 'events', 'leaf')[3] ?? 0),
    ),
  'a freelist that leads to itself': (path) =>
    editPage(path, 1, (page, all) => u32(all, (freelist(page) - 1) * 4096, freelist(page))),
  'an interior page that leads to itself': (path) => {
    const [root = 0] = pagesOf(path, 'events', 'internal');
    editPage(path, root, (page) => u32(page, 8, root));
  },
  'an overflow chain that leads to itself': (path) => {
    const [first = 0] = pagesOf(path, 'events', 'overflow');
    editPage(path, first, (page) => u32(page, 0, first));
  },
  'a leaf of zeros': (path) => editPage(path, pagesOf(path, 'events', 'leaf')[2] ?? 0, (page) => page.fill(0)),
  'a type that no column has': (path) =>
    editPage(path, pagesOf(path, 'events', 'leaf')[2] ?? 0, (page) => page.writeUInt8(0x0a, page.readUInt16BE(8) + 6)),
};

describe('--deep', () => {
  test.each(Object.keys(damages))('ends on %s, and finds all that the default finds', async (name) => {
    await using scratch = await makeScratch();
    const home = join(scratch.path, 'home');
    damages[name]?.(makeVaried(home));
    const found = async (args: readonly string[]): Promise<readonly string[]> =>
      (await diagnose(home, { args })).faults.filter((fault) => fault.startsWith('store:'));
    const [usual, deep] = [await found([]), await found(['--deep'])];
    expect(deep).toContain('store:integrity corrupt fail');
    expect(usual.filter((fault) => !deep.includes(fault))).toEqual([]);
  });

  test.skipIf(!canBeSlowed)('keeps what it found when the time is over before all was read', async () => {
    await using scratch = await makeScratch();
    const home = join(scratch.path, 'home');
    damages['a page in use that is on the freelist']?.(makeVaried(home));
    const { faults } = await diagnose(home, {
      args: ['--deep', '--timeout', '20'],
      through: endlessly('pread64'),
    });
    expect(faults).toContain('store:integrity corrupt fail');
  });
});
