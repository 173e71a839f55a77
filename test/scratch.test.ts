import { mkdirSync, readdirSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { diagnose } from '../fixtures/diagnose.ts';
import { makeHome } from '../fixtures/home.ts';
import { makeScratch } from '../fixtures/scratch.ts';
import { pidNamespace, readStat } from '../src/host/procfs.ts';

test('folders of readings that were killed are removed, and none that another doctor may have', async () => {
  await using scratch = await makeScratch();
  const home = makeHome(join(scratch.path, 'home'));
  const temporary = join(scratch.path, 'tmp');
  const here = pidNamespace();
  const live = `coven-doctor-${here}-${process.pid}-${readStat(process.pid)?.startTicks}-aaaaaa`;
  const dead = `coven-doctor-${here}-4000000-1-bbbbbb`;
  // Of another container: its process cannot be seen from here.
  const elsewhere = 'coven-doctor-1-7-1-cccccc';
  const forgotten = 'coven-doctor-1-7-1-dddddd';
  for (const name of [live, dead, elsewhere, forgotten]) mkdirSync(join(temporary, name, '1'), { recursive: true });
  const twoDaysAgo = Date.now() / 1000 - 2 * 86_400;
  utimesSync(join(temporary, forgotten), twoDaysAgo, twoDaysAgo);
  await diagnose(home, { env: { TMPDIR: temporary } });
  expect(readdirSync(temporary).sort()).toEqual([elsewhere, live].sort());
});
