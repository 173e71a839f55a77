// Coven follows a link in the place of the ledger: what it leads to is the ledger, and no step of ours may put something else there.
import { existsSync, mkdirSync, readFileSync, readlinkSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { cli, diagnose } from '../fixtures/diagnose.ts';
import { type HomeOptions, makeHome } from '../fixtures/home.ts';
import { makeScratch } from '../fixtures/scratch.ts';

const rows = Array.from({ length: 5 }, (_, index) => ({ id: `session-${index}`, status: 'completed' }));
const stopped = 'daemon stopped warn';

/** A home whose ledger lies elsewhere, its WAL and shared memory beside it, as Coven then keeps them. */
function linkedHome(path: string, options: HomeOptions = {}): { home: string; ledger: string; link: string } {
  const home = makeHome(join(path, 'home'), { rows, ...options });
  const link = join(home, 'coven.sqlite3');
  const ledger = join(path, 'disk', 'ledger.db');
  mkdirSync(join(path, 'disk'), { mode: 0o700 });
  for (const suffix of ['-shm', '-wal', '']) if (existsSync(link + suffix)) renameSync(link + suffix, ledger + suffix);
  symlinkSync(ledger, link);
  return { home, ledger, link };
}

for (const leaveWal of [false, true])
  test(`a link to a ledger ${leaveWal ? 'and its WAL ' : ''}is no fault, and its rows are read`, async () => {
    await using scratch = await makeScratch();
    const { home, ledger } = linkedHome(scratch.path, { leaveWal });
    const { faults, document } = await diagnose(home);
    expect(faults).toEqual([stopped]);
    const opens = document.checks.find(({ id }) => id === 'store:open');
    expect(opens?.message).toContain('it is a link to');
    const { stdout } = await cli(['sessions', '--home', home, '--json']);
    expect(stdout).toContain('session-4');
    expect(existsSync(`${ledger}-shm`)).toBe(leaveWal);
  });

test('the damage of a ledger behind a link is told, and a link that leads to no file is a fault', async () => {
  await using scratch = await makeScratch();
  const { home, ledger } = linkedHome(scratch.path);
  const bytes = readFileSync(ledger);
  writeFileSync(ledger, Buffer.from(bytes).fill(0, 0, 100));
  expect((await diagnose(home)).faults).toEqual([stopped, 'store:open not-a-database fail']);
  renameSync(ledger, `${ledger}.gone`);
  const { faults, document } = await diagnose(home);
  expect(faults).toEqual([stopped, 'store:open not-a-file fail']);
  const told = document.checks.find(({ id }) => id === 'store:open');
  expect(told?.message).toContain('a symlink that leads to no file');
});

test('no command of ours puts another ledger in the place of the link, or says that a backup holds it', async () => {
  await using scratch = await makeScratch();
  const { home, ledger, link } = linkedHome(scratch.path);
  const bytes = Buffer.from(readFileSync(ledger)).fill(0, 0, 4096);
  writeFileSync(ledger, bytes);
  for (const [exit, ...args] of [
    [5, 'backup', 'create'],
    [5, 'rescue', '--yes'],
    [1, '--fix', '--yes', '--allow', 'lossy'],
  ] as const) {
    const { exitCode, stdout, stderr } = await cli([...args, '--home', home]);
    expect(exitCode, `${args.join(' ')}\n${stdout}${stderr}`).toBe(exit);
    expect(stdout + stderr).toContain(`a link to ${ledger}`);
    expect(readlinkSync(link)).toBe(ledger);
    expect(readFileSync(ledger).equals(bytes)).toBe(true);
  }
  const output = join(scratch.path, 'rescued.sqlite3');
  const rescued = await cli(['rescue', '--home', home, '-o', output, '--json']);
  expect(JSON.parse(rescued.stdout)).toMatchObject({ tables: expect.arrayContaining([]) });
  expect(rescued.stdout).toContain('"rescued": 5');
  expect(existsSync(output)).toBe(true);
});
