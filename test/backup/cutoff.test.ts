import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { backupsOf, covens } from '../../fixtures/backup.ts';
import { cli, diagnose } from '../../fixtures/diagnose.ts';
import { makeHome } from '../../fixtures/home.ts';
import { makeScratch, type Scratch } from '../../fixtures/scratch.ts';
import { beginRun, runsOf } from '../../src/backup/place.ts';
import { prepareRestore } from '../../src/backup/restore.ts';

/** A home whose restore ended with its process after the first move: the main file has lost its WAL. */
async function makeCutOff({ path }: Scratch) {
  const home = makeHome(join(path, 'home'), { rows: [{ id: 'a', status: 'completed' }], events: 9, leaveWal: true });
  await cli(['backup', 'create', '--home', home]);
  const before = covens(home);
  const [backup] = backupsOf(home);
  if (backup?.state !== 'whole') throw new Error('there is no backup');
  const run = beginRun(runsOf(home));
  const { moves } = await prepareRestore(backup, home, run, new AbortController().signal);
  writeFileSync(join(run, 'restore.json'), `${JSON.stringify(moves)}\n`, { mode: 0o600 });
  const [first] = moves;
  if (!first?.was || first.is) throw new Error('the first move is another');
  renameSync(join(home, first.path), join(run, first.kept));
  return { home, before };
}

test('a restore that was cut off is told, and taken back before a repair begins', async () => {
  await using scratch = await makeScratch();
  const { home, before } = await makeCutOff(scratch);
  expect((await diagnose(home)).faults).toEqual(['home:repairs unfinished warn', 'daemon stopped warn']);
  expect((await cli(['runs', '--home', home])).stdout).toContain('backup restore, CUT OFF');
  const { stdout, exitCode } = await cli(['--home', home, '--fix', '--yes']);
  expect([exitCode, stdout.includes('backup restore was taken back')]).toEqual([0, true]);
  expect(covens(home)).toEqual(before);
  expect((await diagnose(home)).faults).toEqual(['daemon stopped warn']);
});

test('what was put there since is kept: a repair is refused, and says where the rest lies', async () => {
  await using scratch = await makeScratch();
  const { home } = await makeCutOff(scratch);
  mkdirSync(join(home, 'coven.sqlite3-wal'));
  const before = covens(home);
  const { stderr, exitCode } = await cli(['--home', home, '--fix', '--yes']);
  expect([exitCode, /a restore was cut off .*what stood there before is .*-coven\.sqlite3-wal/.test(stderr)]).toEqual([
    5,
    true,
  ]);
  expect(covens(home)).toEqual(before);
});
