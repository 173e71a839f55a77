import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test, vi } from 'vitest';
import { backupsOf, covens, runFolders } from '../../fixtures/backup.ts';
import { seeded } from '../../fixtures/daemon/seeded.ts';
import { cli } from '../../fixtures/diagnose.ts';
import { mountDisk } from '../../fixtures/disk.ts';
import { makeHome } from '../../fixtures/home.ts';
import { makeScratch, type Scratch } from '../../fixtures/scratch.ts';
import { canBeSlowed, endlessly } from '../../fixtures/slowed.ts';
import { createBackup } from '../../src/backup/create.ts';
import { beginRun } from '../../src/backup/place.ts';
import { prove } from '../../src/backup/prove.ts';
import { removeBackup } from '../../src/backup/retention.ts';

// Each backup is proven, with several processes of its own.
vi.setConfig({ testTimeout: 900_000 });

const crashes = Number(process.env.COVEN_DOCTOR_BACKUP_CRASHES ?? 30);
const seed = Number(process.env.COVEN_DOCTOR_SEED ?? 1);
const never = new AbortController().signal;

function makeOne(scratch: Scratch): string {
  const home = makeHome(join(scratch.path, 'home'), {
    rows: [{ id: 's', status: 'running' }],
    events: 2000,
    leaveWal: true,
  });
  mkdirSync(join(home, 'keys'), { mode: 0o700 });
  for (let file = 0; file < 50; file += 1) writeFileSync(join(home, 'keys', `${file}`), 'x'.repeat(50_000));
  return home;
}

test(`killed with -9 at ${crashes} random moments, a backup is whole and proven, or is none`, async () => {
  await using scratch = await makeScratch();
  const home = makeOne(scratch);
  const before = covens(home);
  const random = seeded(seed);
  const create = ['dist/coven-doctor.js', 'backup', 'create', '--home', home];
  const start = performance.now();
  spawnSync(process.execPath, create);
  const whole = performance.now() - start;
  const counts = { whole: 0, interrupted: 0, nothing: 0 };
  for (const backup of backupsOf(home)) removeBackup(backup.path);
  for (let round = 0; round < crashes; round += 1) {
    const child = spawn(process.execPath, create, { stdio: 'ignore', detached: true });
    const gone = once(child, 'exit');
    const already = runFolders(home).length;
    while (runFolders(home).length === already && child.exitCode === null) await sleep(1);
    await sleep(random(Math.ceil(whole * 0.8)));
    // The whole group: its children of SQLite and of sync(1), too.
    if (child.pid !== undefined && child.exitCode === null) process.kill(-child.pid, 'SIGKILL');
    await gone;
    const left = backupsOf(home);
    expect(left.length).toBeLessThanOrEqual(1);
    const [backup] = left;
    if (!backup) counts.nothing += 1;
    else if (backup.state === 'whole') {
      counts.whole += 1;
      expect(await prove(backup.path, backup.manifest, never)).toMatchObject({ proven: true, sound: true });
    } else {
      expect(backup.state).toBe('interrupted');
      counts.interrupted += 1;
      expect((await cli(['backup', 'verify', '--home', home])).exitCode).toBe(1);
      expect((await cli(['backup', 'restore', backup.id, '--home', home, '--allow', 'lossy', '--yes'])).exitCode).toBe(
        5,
      );
    }
    for (const backup of left) removeBackup(backup.path);
    expect(covens(home)).toEqual(before);
  }
  console.log(`kills ${crashes} (seed ${seed}): ${JSON.stringify(counts)}; taken for whole and not proven: 0`);
  expect(counts.interrupted).toBeGreaterThan(0);
});

if (!canBeSlowed) console.log('no backup is ended by SIGTERM: strace is not installed, or may not trace here');
test.skipIf(!canBeSlowed)('SIGTERM ends it with 143, and nothing of it is left', async () => {
  await using scratch = await makeScratch();
  const home = makeOne(scratch);
  // 50 MB, read or written in hundreds of calls of 50 ms: the signal always comes before the backup is finished.
  writeFileSync(join(home, 'exports'), Buffer.alloc(50_000_000, 1));
  const create = [process.execPath, 'dist/coven-doctor.js', 'backup', 'create', '--home', home];
  const [file = '', ...words] = [...endlessly('pread64,pwrite64,copy_file_range'), ...create];
  const child = spawn(file, words, { stdio: 'ignore' });
  const gone = once(child, 'exit');
  const runs = join(home, 'doctor', 'runs');
  const isBegun = (): boolean =>
    existsSync(runs) && readdirSync(runs).some((run) => existsSync(join(runs, run, 'backup.partial')));
  while (!isBegun()) await sleep(1);
  child.kill('SIGTERM');
  expect(await gone).toEqual([143, null]);
  expect(runFolders(home)).toEqual([]);
});

test('a disk that fills up while it is written to ends it, names the file, and leaves nothing', async (context) => {
  await using scratch = await makeScratch();
  const disk = mountDisk(scratch, 1_400_000_000);
  if (disk === null) {
    console.log('no test of a disk that fills up: this user may not mount an image');
    return context.skip();
  }
  const home = makeOne(scratch);
  const before = covens(home);
  const place = join(disk, 'backups');
  mkdirSync(place, { mode: 0o700 });
  // Free space was found to be enough when this is called.
  const tell = (): void => {
    const { bavail, bsize } = statfsSync(disk);
    expect(spawnSync('fallocate', ['-l', String(bavail * bsize - 256 * 1024), join(disk, 'filler')]).status).toBe(0);
  };
  const into = beginRun(place);
  await expect(createBackup({ home, into, signal: never, tell })).rejects.toThrow(
    new RegExp(`^the backup of ${home} failed \\(ENOSPC.*, and what was begun is removed; make room`),
  );
  expect(readdirSync(into)).toEqual([]);
  expect(covens(home)).toEqual(before);
});

test('too little room is told beforehand, with what is needed', async (context) => {
  await using scratch = await makeScratch();
  const disk = mountDisk(scratch, 900_000_000);
  if (disk === null) {
    console.log('no test of too little room: this user may not mount an image');
    return context.skip();
  }
  const home = makeOne(scratch);
  const place = join(disk, 'backups');
  mkdirSync(place, { mode: 0o700 });
  const { exitCode, stderr } = await cli(['backup', 'create', '--home', home, '--backup-dir', place]);
  expect(stderr).toMatch(/has \d+ MiB free, and a proven backup needs \d+ MiB, of which 1 GiB stays free; make room/);
  expect(exitCode).toBe(5);
  expect(readdirSync(place)).toEqual([]);
});
