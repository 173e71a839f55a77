import { copyFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { expect, test } from 'vitest';
import { diagnose } from '../fixtures/diagnose.ts';
import { makeHome } from '../fixtures/home.ts';
import { makeScratch } from '../fixtures/scratch.ts';

test('a transaction that was cut off is taken back by the journal beside the ledger, in a copy', async () => {
  await using scratch = await makeScratch();
  const home = makeHome(join(scratch.path, 'home'), { rows: [{ id: 'a', status: 'completed' }], events: 900 });
  const path = join(home, 'coven.sqlite3');
  const db = new Database(path);
  db.pragma('journal_mode = DELETE');
  db.pragma('cache_size = 5');
  db.exec(
    'BEGIN; UPDATE events SET payload_json = payload_json || hex(zeroblob(3000)); DELETE FROM events WHERE rowid < 400',
  );
  for (const part of ['', '-journal']) copyFileSync(path + part, `${path}${part}.left`);
  db.exec('ROLLBACK');
  db.close();
  for (const part of ['', '-journal']) renameSync(`${path}${part}.left`, path + part);
  const { faults, document } = await diagnose(home);
  expect(faults).toEqual(['daemon stopped warn', 'store:open hot-journal fail']);
  expect(document.checks.find(({ id }) => id === 'store:integrity')?.message).toBe(
    'the ledger is intact (901 rows read)',
  );
});
