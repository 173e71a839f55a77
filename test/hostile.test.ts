import { mkdirSync, mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import { describe, expect, test } from 'vitest';
import { cli, diagnose } from '../fixtures/diagnose.ts';
import { type DoubleOptions, startDouble, startProgram } from '../fixtures/double.ts';
import { hoursAgo, makeHome } from '../fixtures/home.ts';
import { makeScratch } from '../fixtures/scratch.ts';

const stopped = 'daemon stopped warn';

describe('things where files belong', () => {
  const names = [
    'coven.sqlite3',
    'coven.sqlite3-wal',
    'coven.sock',
    'daemon.json',
    'daemon-serve.lock',
    'state.lock',
    'daemon-recovery.log',
    'keys',
  ];

  test.each(names)('a FIFO as %s is never opened', async (name) => {
    await using scratch = await makeScratch();
    const home = makeHome(join(scratch.path, 'home'));
    rmSync(join(home, name), { force: true });
    await execa('mkfifo', ['-m', '600', join(home, name)]);
    const faults: Record<string, readonly string[]> = {
      'coven.sqlite3': [stopped, 'store:open not-a-file fail'],
      'coven.sqlite3-wal': [stopped, 'store:open undetermined unknown'],
      'coven.sock': [stopped, 'daemon:socket not-a-socket fail'],
      'daemon.json': [stopped, 'daemon:record unreadable fail'],
      'daemon-serve.lock': ['home:locks not-regular fail', stopped],
      'state.lock': ['home:locks not-regular fail', stopped],
      'daemon-recovery.log': [stopped, 'daemon:log unobserved unknown'],
    };
    expect((await diagnose(home)).faults).toEqual(faults[name] ?? [stopped]);
  });

  test.each([
    ['coven.sqlite3', [stopped, 'store:open not-a-file fail']],
    ['daemon.json', [stopped, 'daemon:record unreadable fail']],
    ['coven.sock', [stopped, 'daemon:socket not-a-socket fail']],
  ])('a symlink to a file outside as %s is not followed', async (name, faults) => {
    await using scratch = await makeScratch();
    const home = makeHome(join(scratch.path, 'home'));
    const outside = join(scratch.path, 'outside');
    writeFileSync(
      outside,
      JSON.stringify({
        pid: process.pid,
        startedAt: hoursAgo(0),
        socket: 'x',
      }),
    );
    rmSync(join(home, name), { force: true });
    symlinkSync(outside, join(home, name));
    expect((await diagnose(home)).faults).toEqual(faults);
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

describe('what listens on the socket', () => {
  const cases: readonly (readonly [string, DoubleOptions, readonly string[], number])[] = [
    ['a daemon that is well', {}, [], 0],
    ['accepts and says nothing', { answer: 'silent' }, ['daemon hung fail', 'daemon:socket hung fail'], 1],
    [
      'hangs in the middle of a write',
      { answer: 'silent', write: true },
      ['daemon hung fail', 'daemon:socket hung fail'],
      1,
    ],
    ['writes without end', { write: true }, ['store:open busy warn'], 0],
    ['sends for ever', { answer: 'endless' }, ['daemon:health invalid-response fail'], 1],
    ['sends 100 MB', { answer: 'huge' }, ['daemon:health invalid-response fail'], 1],
    ['stops in the middle', { answer: 'half' }, ['daemon:health timeout fail'], 1],
    ['closes at once', { answer: 'close' }, ['daemon:health invalid-response fail'], 1],
    ['is no HTTP server', { answer: 'banner' }, ['daemon:health invalid-response fail'], 1],
    ['answers no JSON', { answer: 'not-json' }, ['daemon:health invalid-response fail'], 1],
    ['answers another shape', { answer: 'wrong-shape' }, ['daemon:health invalid-response fail'], 1],
    ['answers an error', { answer: 'error' }, ['daemon:health error-response fail'], 1],
    [
      'says ok: false and no more',
      { answer: 'no-ok' },
      [
        'daemon:health invalid-response fail',
        'daemon:contract missing fail',
        'daemon:capabilities missing fail',
        'daemon:capabilities unanswered warn',
      ],
      1,
    ],
    ['has no catalogue', { answer: 'no-catalogue' }, ['daemon:capabilities unanswered warn'], 0],
    [
      'sends terminal escapes',
      { answer: 'escapes' },
      ['daemon:contract unsupported fail', 'daemon:capabilities unanswered warn'],
      1,
    ],
    ['speaks another contract', { health: { apiVersion: 'coven.daemon.v2' } }, ['daemon:contract unsupported fail'], 1],
    ['lacks a capability', { capabilities: { events: false } }, ['daemon:capabilities missing fail'], 1],
    [
      'has critical storage',
      { health: { storage: { status: 'critical', freeDiskBytes: 0 } } },
      ['daemon:health storage-critical fail'],
      1,
    ],
    [
      'has degraded storage',
      { health: { storage: { status: 'degraded' } } },
      ['daemon:health storage-degraded warn'],
      0,
    ],
    [
      'has a storage warning',
      { health: { storage: { status: 'warning' } } },
      ['daemon:health storage-warning warn'],
      0,
    ],
    ['has a failed writer', { health: { eventWriter: { state: 'failed' } } }, ['daemon:health writer-failed fail'], 1],
    [
      'has a pressured writer',
      { health: { eventWriter: { state: 'pressured' } } },
      ['daemon:health writer-pressured warn'],
      0,
    ],
    ['says nothing of its storage', { health: { storage: null } }, ['daemon:health undetermined unknown'], 3],
    ['writes no record', { record: false }, [], 0],
    ['names another pid', { health: { daemon: { pid: 1 } } }, ['daemon duplicate fail'], 1],
    ['lost its socket file', { unlink: true }, ['daemon unreachable fail', 'daemon:socket unlinked fail'], 1],
  ];

  test.each(cases)('%s', async (_, options, faults, exitCode) => {
    await using scratch = await makeScratch();
    const home = makeHome(join(scratch.path, 'home'));
    await startDouble(scratch, home, options);
    const found = await diagnose(home, { daemonLives: true });
    expect(found.faults).toEqual(faults);
    expect(found.exitCode).toBe(exitCode);
  });

  test('a listener of another home that answers nothing is foreign', async () => {
    await using scratch = await makeScratch();
    const home = makeHome(join(scratch.path, 'home'));
    const program = `require('net').createServer(() => {}).listen(process.argv[1], () => console.log('ready'))`;
    await startProgram(scratch, process.execPath, ['-e', `process.umask(0o177);${program}`, join(home, 'coven.sock')]);
    expect((await diagnose(home)).faults).toEqual(['daemon foreign fail', 'daemon:socket foreign-listener fail']);
  });
});
