import { chmodSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { cli, diagnose } from '../fixtures/diagnose.ts';
import { damageTable, hoursAgo, makeHome } from '../fixtures/home.ts';
import { makeScratch } from '../fixtures/scratch.ts';

type Case = readonly [name: string, build: (home: string) => void, faults: readonly string[], exitCode: number];

const stopped = 'daemon stopped warn';

const healthy: readonly Case[] = [
  ['no home at all', () => {}, [stopped], 0],
  ['an empty home', (home) => mkdirSync(home, { mode: 0o700 }), [stopped], 0],
  ['a stopped home', (home) => void makeHome(home), [stopped], 0],
  [
    'rows only in a leftover WAL',
    (home) =>
      void makeHome(home, {
        leaveWal: true,
        rows: [{ id: 'a', status: 'completed' }],
      }),
    [stopped],
    0,
  ],
  [
    'a 0644 ledger and log',
    (home) => {
      makeHome(home);
      for (const name of ['coven.sqlite3', 'daemon-recovery.log']) chmodSync(join(home, name), 0o644);
    },
    [stopped],
    0,
  ],
  [
    'an external session',
    (home) =>
      void makeHome(home, {
        rows: [{ id: 'a', status: 'running', external: true }],
      }),
    [stopped],
    0,
  ],
  [
    'a row created just now',
    (home) =>
      void makeHome(home, {
        rows: [{ id: 'a', status: 'created', createdAt: hoursAgo(0) }],
      }),
    [stopped],
    0,
  ],
];

describe('healthy homes', () => {
  test.each(healthy)('%s', async (_, build, faults, exitCode) => {
    await using scratch = await makeScratch();
    const home = join(scratch.path, 'home');
    build(home);
    const found = await diagnose(home);
    expect(found.faults).toEqual(faults);
    expect(found.exitCode).toBe(exitCode);
  });
});

test('a home behind a symlinked parent is healthy', async () => {
  await using scratch = await makeScratch();
  makeHome(join(scratch.path, 'real', 'home'));
  symlinkSync(join(scratch.path, 'real'), join(scratch.path, 'link'));
  expect((await diagnose(join(scratch.path, 'link', 'home'))).faults).toEqual([stopped]);
});

test('a home by relative path, from the environment', async () => {
  await using scratch = await makeScratch();
  makeHome(join(scratch.path, 'home'));
  const { stdout, exitCode } = await cli(['--verbose'], {
    cwd: scratch.path,
    env: { COVEN_HOME: 'home' },
  });
  expect(stdout).toContain(`Coven home ${join(scratch.path, 'home')}\n`);
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
  const rows = [{ id: 'in-the-wal', status: 'running' }];
  const home = makeHome(join(scratch.path, 'home'), { leaveWal: true, rows });
  const { document } = await diagnose(home);
  expect(document.checks.find(({ id }) => id === 'sessions:orphaned')?.message).toContain('in-the-wal');
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
  const rows = /damaged: events \(.*\); (\d+) rows of events can be read/.exec(
    document.checks.find(({ id }) => id === 'store:integrity')?.message ?? '',
  )?.[1];
  // One page of some fifteen rows is gone; all others are read from both sides of it.
  expect(Number(rows)).toBeGreaterThan(3900);
  expect(Number(rows)).toBeLessThan(4000);
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
