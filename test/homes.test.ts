import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { cli, diagnose } from '../fixtures/diagnose.ts';
import { damageTable, makeHome } from '../fixtures/home.ts';
import { makeScratch } from '../fixtures/scratch.ts';

const stopped = 'daemon stopped warn';

test('a home by relative path, from the environment', async () => {
  await using scratch = await makeScratch();
  makeHome(join(scratch.path, 'home'));
  const { stdout, exitCode } = await cli(['--verbose'], {
    cwd: scratch.path,
    env: { COVEN_HOME: 'home' },
  });
  expect(stdout).toContain(`Coven home: ${join(scratch.path, 'home')}\n`);
  expect(exitCode).toBe(0);
});

test('a path too long for a socket', async () => {
  await using scratch = await makeScratch();
  const home = makeHome(join(scratch.path, 'h'.repeat(110 - scratch.path.length)));
  const found = await diagnose(home);
  expect(found.faults).toEqual(['home:path socket-path-too-long fail', stopped]);
  expect(found.all).toContain('daemon:socket socket-path-too-long skipped');
});

test('a leftover WAL is read, and not left out', async () => {
  await using scratch = await makeScratch();
  const rows = [{ id: '5e0f6a1c-90d2-4c0e-8f6e-2b7d1f0a9c34', status: 'running' }];
  const home = makeHome(join(scratch.path, 'home'), { leaveWal: true, rows });
  const { document } = await diagnose(home);
  expect(document.checks.find(({ id }) => id === 'sessions:orphaned')?.message).toContain('5e0f6a1c');
});

test('damage names its table and the rows that are left', async () => {
  await using scratch = await makeScratch();
  const home = makeHome(join(scratch.path, 'home'), {
    rows: [{ id: 'a', status: 'completed' }],
    events: 4000,
    eventBytes: 200,
  });
  damageTable(join(home, 'coven.sqlite3'), 'events');
  const { document } = await diagnose(home);
  expect(document.escalate).toEqual(['ledger-cannot-open']);
  const message = document.checks.find(({ id }) => id === 'store:integrity')?.message ?? '';
  expect(message).toContain('page ');
  expect(message).toContain(' of table "events" is no b-tree page');
  const [, rows = '', about = ''] = /at least 1 session and ([\d,]+) of about ([\d,]+) events/.exec(message) ?? [];
  // One page of some fifteen rows is gone; the index of their ids still counts them.
  expect(about).toBe('4,000');
  expect(Number(rows.replace(',', ''))).toBeGreaterThan(3900);
  expect(Number(rows.replace(',', ''))).toBeLessThan(4000);
});

test('the ledger stays as it was even for the reader', async () => {
  await using scratch = await makeScratch();
  const home = makeHome(join(scratch.path, 'home'), {
    leaveWal: true,
    rows: [{ id: 'a', status: 'completed' }],
  });
  const before = readFileSync(join(home, 'coven.sqlite3-wal'));
  await diagnose(home, { args: ['--deep'] });
  expect(readFileSync(join(home, 'coven.sqlite3-wal')).equals(before)).toBe(true);
});
