import {
  chmodSync,
  chownSync,
  mkdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { cli, diagnose } from '../fixtures/diagnose.ts';
import { damageTable, makeHome, overwrite } from '../fixtures/home.ts';
import { makeScratch } from '../fixtures/scratch.ts';

type Case = readonly [name: string, build: (home: string) => void, faults: readonly string[], exitCode: number];

const stopped = 'daemon stopped warn';
const isRoot = process.geteuid?.() === 0;

const faulty: readonly Case[] = [
  ['a file as home', (home) => writeFileSync(home, ''), ['home:path not-a-directory fail'], 1],
  ['a symlink as home', (home) => symlinkSync(makeHome(`${home}-real`), home), ['home:path symlink fail'], 1],
  [
    'a home that others may write',
    (home) => chmodSync(makeHome(home), 0o777),
    ['home:mode writable-by-others fail', stopped],
    1,
  ],
  [
    'a home that others may read',
    (home) => chmodSync(makeHome(home), 0o755),
    ['home:mode readable-by-others warn', stopped],
    0,
  ],
  [
    'an open lock',
    (home) => chmodSync(join(makeHome(home), 'state.lock'), 0o644),
    ['home:mode entry-open warn', stopped],
    0,
  ],
  [
    'an open key',
    (home) => {
      mkdirSync(join(makeHome(home), 'keys'), { mode: 0o700 });
      writeFileSync(join(home, 'keys', 'session-artifacts.key'), 'key', {
        mode: 0o644,
      });
    },
    ['home:mode entry-open warn', stopped],
    0,
  ],
  [
    'a file as socket',
    (home) => writeFileSync(join(makeHome(home), 'coven.sock'), ''),
    [stopped, 'daemon:socket not-a-socket fail'],
    1,
  ],
  [
    'a directory as socket',
    (home) => mkdirSync(join(makeHome(home), 'coven.sock')),
    [stopped, 'daemon:socket not-a-socket fail'],
    1,
  ],
  [
    'a symlink as socket',
    (home) => symlinkSync('/dev/null', join(makeHome(home), 'coven.sock')),
    [stopped, 'daemon:socket not-a-socket fail'],
    1,
  ],
  [
    'a record that is no JSON',
    (home) =>
      writeFileSync(join(makeHome(home), 'daemon.json'), '{"pid":', {
        mode: 0o600,
      }),
    [stopped, 'daemon:record invalid warn'],
    0,
  ],
  ['a record of a negative pid', (home) => writeRecord(home, { pid: -5 }), [stopped, 'daemon:record invalid warn'], 0],
  [
    'a record over 16 KiB',
    (home) =>
      writeFileSync(join(makeHome(home), 'daemon.json'), ' '.repeat(16_385), {
        mode: 0o600,
      }),
    [stopped, 'daemon:record unreadable fail'],
    1,
  ],
  [
    'a record that is not UTF-8',
    (home) => writeFileSync(join(makeHome(home), 'daemon.json'), Buffer.from([0x22, 0xff, 0x22]), { mode: 0o600 }),
    [stopped, 'daemon:record unreadable fail'],
    1,
  ],
  [
    'a directory as record',
    (home) => mkdirSync(join(makeHome(home), 'daemon.json'), { mode: 0o700 }),
    [stopped, 'daemon:record unreadable fail'],
    1,
  ],
  [
    'a record of a dead pid',
    (home) => writeRecord(home, { pid: 4_000_000 }),
    ['daemon stale fail', 'daemon:record dead-pid warn'],
    1,
  ],
  [
    'a record of pid 1',
    (home) => writeRecord(home, { pid: 1 }),
    ['daemon stale fail', 'daemon:record reused-pid fail'],
    1,
  ],
  [
    'a record of pid 0',
    (home) => writeRecord(home, { pid: 0 }),
    ['daemon stale fail', 'daemon:record reused-pid fail'],
    1,
  ],
  [
    'a record of an unrelated process',
    (home) => writeRecord(home, { pid: process.pid }),
    ['daemon stale fail', 'daemon:record reused-pid fail'],
    1,
  ],
  [
    'no ledger where sessions existed',
    (home) => rmSync(join(makeHome(home), 'coven.sqlite3')),
    [stopped, 'store:open missing fail'],
    1,
  ],
  [
    'no ledger beside a WAL',
    (home) => {
      makeHome(home, {
        leaveWal: true,
        rows: [{ id: 'a', status: 'completed' }],
      });
      rmSync(join(home, 'coven.sqlite3'));
    },
    [stopped, 'store:open missing fail'],
    1,
  ],
  [
    'an empty ledger',
    (home) => truncateSync(join(makeHome(home), 'coven.sqlite3')),
    [stopped, 'store:open empty fail'],
    1,
  ],
  [
    'a directory as ledger',
    (home) => {
      rmSync(join(makeHome(home), 'coven.sqlite3'));
      mkdirSync(join(home, 'coven.sqlite3'));
    },
    [stopped, 'store:open not-a-file fail'],
    1,
  ],
  [
    'a ledger with no header',
    (home) => overwrite(join(makeHome(home), 'coven.sqlite3'), 0, 100),
    [stopped, 'store:open not-a-database fail'],
    1,
  ],
  [
    'a ledger with a damaged schema',
    (home) => overwrite(join(makeHome(home), 'coven.sqlite3'), 100, 400, 0xff),
    [stopped, 'store:open malformed fail'],
    1,
  ],
  [
    'damaged event pages',
    (home) => {
      makeHome(home, {
        rows: [{ id: 'a', status: 'completed' }],
        events: 4000,
        eventBytes: 200,
      });
      damageTable(join(home, 'coven.sqlite3'), 'events');
    },
    [stopped, 'store:integrity corrupt fail'],
    1,
  ],
  [
    'a running row and no process',
    (home) => void makeHome(home, { rows: [{ id: 'a', status: 'running' }] }),
    [stopped, 'sessions:orphaned orphaned warn'],
    0,
  ],
];

function writeRecord(home: string, { pid }: { readonly pid: number }): void {
  const record = {
    pid,
    startedAt: new Date().toISOString(),
    socket: join(home, 'coven.sock'),
  };
  writeFileSync(join(makeHome(home), 'daemon.json'), JSON.stringify(record), {
    mode: 0o600,
  });
}

test.each(faulty)('%s', async (_, build, faults, exitCode) => {
  await using scratch = await makeScratch();
  const home = join(scratch.path, 'home');
  build(home);
  const found = await diagnose(home);
  expect(found.faults).toEqual(faults);
  expect(found.exitCode).toBe(exitCode);
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

test.runIf(isRoot)('entries and homes of another user', async () => {
  await using scratch = await makeScratch();
  const home = makeHome(join(scratch.path, 'home'));
  chownSync(join(home, 'state.lock'), 65_534, 65_534);
  expect((await diagnose(home)).faults).toEqual(['home:owner foreign-entries fail', stopped]);
  chownSync(home, 65_534, 65_534);
  expect((await diagnose(home)).faults).toEqual([
    'home:owner foreign-entries fail',
    'home:owner elevated warn',
    stopped,
  ]);
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
