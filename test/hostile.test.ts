import { mkdirSync, mkdtempSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import { describe, expect, test } from 'vitest';
import { cli, diagnose } from '../fixtures/diagnose.ts';
import { type DoubleOptions, startDouble } from '../fixtures/double.ts';
import { makeHome } from '../fixtures/home.ts';
import { makeScratch } from '../fixtures/scratch.ts';

const stopped = 'daemon stopped warn';

describe('things where files belong', () => {
  test('a FIFO as folder of keys is never opened', async () => {
    await using scratch = await makeScratch();
    const home = makeHome(join(scratch.path, 'home'));
    await execa('mkfifo', ['-m', '600', join(home, 'keys')]);
    expect((await diagnose(home)).faults).toEqual([stopped]);
  });
});

test('a sparse log of 10 GB', async () => {
  await using scratch = await makeScratch();
  const home = makeHome(join(scratch.path, 'home'));
  truncateSync(join(home, 'daemon-recovery.log'), 10 * 1024 ** 3);
  expect((await diagnose(home)).faults).toEqual([stopped]);
});

test('100,000 entries in the home', async () => {
  await using scratch = await makeScratch();
  const home = makeHome(join(scratch.path, 'home'));
  for (let index = 0; index < 100_000; index += 1) writeFileSync(join(home, `entry-${index}`), '');
  const { document, faults } = await diagnose(home);
  expect(faults).toEqual([stopped]);
  expect(document.checks.find(({ id }) => id === 'home:owner')?.message).toContain('the first');
});

test('names of files cannot reach the terminal', async () => {
  await using scratch = await makeScratch();
  const home = join(mkdtempSync(join(scratch.path, 'x')), 'a\u001b[2J\u202e');
  mkdirSync(home, { mode: 0o755 });
  const { stdout } = await cli(['--home', home]);
  expect(stdout).toContain('a\\u{1b}[2J\\u{202e}');
  expect(stdout).not.toMatch(/[\u001b\u202e]/);
});

describe('a daemon that is well', () => {
  test.each<readonly [string, DoubleOptions]>([
    ['with a record', {}],
    ['that writes no record', { record: false }],
  ])('%s', async (_, options) => {
    await using scratch = await makeScratch();
    const home = makeHome(join(scratch.path, 'home'));
    await startDouble(scratch, home, options);
    const found = await diagnose(home, { daemonLives: true });
    expect(found.faults).toEqual([]);
    expect(found.exitCode).toBe(0);
  });
});
