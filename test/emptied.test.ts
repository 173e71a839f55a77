import { rmSync, truncateSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { diagnose } from '../fixtures/diagnose.ts';
import { makeHome } from '../fixtures/home.ts';
import { makeScratch } from '../fixtures/scratch.ts';

test('a ledger that was cut off to nothing fails where no daemon ever wrote a log', async () => {
  await using scratch = await makeScratch();
  const home = makeHome(join(scratch.path, 'home'), { rows: [{ id: 'a', status: 'completed' }] });
  rmSync(join(home, 'daemon-recovery.log'));
  const ledger = join(home, 'coven.sqlite3');
  truncateSync(ledger);
  // It lived for an hour.
  utimesSync(ledger, new Date(), new Date(Date.now() + 3_600_000));
  expect((await diagnose(home)).faults).toEqual(['daemon stopped warn', 'store:open empty fail']);
});

test('a ledger that never had a byte is as new', async () => {
  await using scratch = await makeScratch();
  const home = makeHome(join(scratch.path, 'home'));
  for (const name of ['daemon-recovery.log', 'coven.sqlite3']) rmSync(join(home, name));
  writeFileSync(join(home, 'coven.sqlite3'), '');
  expect((await diagnose(home)).faults).toEqual(['daemon stopped warn']);
});
