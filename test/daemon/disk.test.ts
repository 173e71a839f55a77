import {
  appendFileSync,
  chmodSync,
  chownSync,
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { describe, expect, test } from 'vitest';
import { failToStart, makeWorld, ours, startDaemon, until } from '../../fixtures/daemon/daemon.ts';
import { makeScratch } from '../../fixtures/scratch.ts';

const mode = (path: string): string => (statSync(path).mode & 0o777).toString(8);
const log = (home: string): string => readFileSync(join(home, 'daemon-recovery.log'), 'utf8');

test('a home is as Coven makes it, and a clean stop takes back the socket and the record alone', async () => {
  await using scratch = await makeScratch();
  const world = makeWorld(scratch);
  mkdirSync(world.home, { mode: 0o755 });
  const startedAt = '2026-11-24T01:02:03.123456789Z';
  const daemon = await startDaemon(scratch, world, ours, ['--managed-started-at', startedAt]);
  expect(mode(world.home)).toBe('700');
  const files = readdirSync(world.home).sort();
  expect(files).toEqual([
    'automations-scheduler.lock',
    'coven.sock',
    'coven.sqlite3',
    'coven.sqlite3-shm',
    'coven.sqlite3-wal',
    'daemon-recovery.log',
    'daemon-serve.lock',
    'daemon.json',
    'state.lock',
  ]);
  expect(files.map((file) => mode(join(world.home, file)))).toEqual(files.map(() => '600'));
  const socket = join(world.home, 'coven.sock');
  expect(readFileSync(join(world.home, 'daemon.json'), 'utf8')).toBe(
    `{\n  "pid": ${daemon.child.pid},\n  "startedAt": "${startedAt}",\n  "socket": "${socket}"\n}\n`,
  );
  expect(readFileSync(`/proc/${daemon.child.pid}/cmdline`, 'utf8')).toContain(
    `\0daemon\0serve\0--managed-started-at\0${startedAt}\0`,
  );
  expect(await daemon.end('SIGTERM')).toBe(0);
  expect(readdirSync(world.home)).not.toContain('coven.sock');
  expect(readdirSync(world.home)).not.toContain('daemon.json');
  expect(log(world.home)).toMatch(
    /^\[\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z\] startup_checkpoint phase=daemon-store-begin /,
  );
  expect(log(world.home)).toMatch(/daemon starting pid=\d+ socket=.*\n.*daemon stopping pid=\d+ reason=SIGTERM\n$/);
});

test.each(['SIGINT', 'SIGHUP'] as const)('%s is a clean stop', async (signal) => {
  await using scratch = await makeScratch();
  const daemon = await startDaemon(scratch, makeWorld(scratch), ours);
  expect(await daemon.end(signal)).toBe(0);
  expect(existsSync(join(daemon.home, 'coven.sock'))).toBe(false);
});

test('the locks are held for life, seen by the kernel', async () => {
  await using scratch = await makeScratch();
  const daemon = await startDaemon(scratch, makeWorld(scratch), ours);
  const held = (name: string): string | undefined => {
    const { ino } = statSync(join(daemon.home, name));
    return readFileSync('/proc/locks', 'utf8').match(new RegExp(`FLOCK +ADVISORY +(\\w+) .*:${ino} `))?.[1];
  };
  const names = ['state.lock', 'daemon-serve.lock', 'automations-scheduler.lock'];
  expect(names.map(held)).toEqual(['READ', 'WRITE', 'WRITE']);
  await daemon.end('SIGKILL');
  expect(names.map(held)).toEqual([undefined, undefined, undefined]);
});

test('a stop leaves a socket and a record that are no longer its own', async () => {
  await using scratch = await makeScratch();
  const daemon = await startDaemon(scratch, makeWorld(scratch), ours);
  const record = join(daemon.home, 'daemon.json');
  writeFileSync(record, readFileSync(record, 'utf8').replace(/"pid": \d+/, '"pid": 1'));
  expect(await daemon.end('SIGTERM')).toBe(0);
  expect(existsSync(record)).toBe(true);
});

test('the log is rotated at 4 MiB, three old ones are kept, and no client can break a line', async () => {
  await using scratch = await makeScratch();
  const world = makeWorld(scratch);
  mkdirSync(world.home, { mode: 0o700 });
  const path = join(world.home, 'daemon-recovery.log');
  for (const [suffix, word] of Object.entries({ '': 'newest', '.1': 'one', '.2': 'two', '.3': 'three' }))
    writeFileSync(path + suffix, `${word}\n`);
  appendFileSync(path, 'x'.repeat(4 * 1024 ** 2));
  const daemon = await startDaemon(scratch, world, ours);
  const firstWord = (suffix: string): string => readFileSync(path + suffix, 'utf8').slice(0, 4);
  expect(['.1', '.2', '.3'].map(firstWord)).toEqual(['newe', 'one\n', 'two\n']);
  await daemon.request('GET', '/health');
  const before = log(world.home).split('\n').length;
  const client = await import('node:net').then(({ connect }) => connect(join(world.home, 'coven.sock')));
  client.on('error', () => undefined).write('GET /\u001b[2J\u202e HTTP/1.1\r\nContent-Length: x\u001b\r\n\r\n');
  await until(() => client.closed);
  expect(log(world.home).split('\n').length).toBe(before + 1);
  expect(log(world.home)).not.toContain('\u001b');
});

describe('a start is refused with the step and the reason', () => {
  const refused: Record<string, readonly [(home: string) => void, RegExp]> = {
    'home a symlink': [
      (home) => {
        mkdirSync(`${home}-real`);
        symlinkSync(`${home}-real`, home);
      },
      /^Error: preparing the home: refusing to use Coven home .*: path is a symlink\n$/,
    ],
    'home a file': [(home) => writeFileSync(home, ''), /^Error: preparing the home: .*EEXIST/],
    'interrupted reset': [
      (home) => {
        mkdirSync(home);
        writeFileSync(join(home, 'reset-transaction.json'), '{}');
      },
      /an interrupted reset transaction requires recovery; rerun the intended `coven reset/,
    ],
    'interrupted reset, by a link that leads nowhere': [
      (home) => {
        mkdirSync(home);
        symlinkSync('/nonexistent', join(home, 'reset-transaction.json'));
      },
      /an interrupted reset transaction requires recovery; rerun the intended `coven reset/,
    ],
    'lock with a second name': [
      (home) => {
        mkdirSync(home);
        writeFileSync(join(home, 'other'), '');
        linkSync(join(home, 'other'), join(home, 'daemon-serve.lock'));
      },
      /^Error: taking the locks: .*daemon-serve.lock has 2 names\n$/,
    ],
    'lock a symlink': [
      (home) => {
        mkdirSync(home);
        symlinkSync('/etc/passwd', join(home, 'state.lock'));
      },
      /^Error: taking the locks: ELOOP/,
    ],
    'log a folder': [
      (home) => mkdirSync(join(home, 'daemon-recovery.log'), { recursive: true }),
      /^Error: opening the recovery log: EISDIR/,
    ],
    'socket path no socket': [
      (home) => {
        mkdirSync(home);
        writeFileSync(join(home, 'coven.sock'), 'kept');
      },
      /^Error: publishing the socket: .*coven.sock is not an owner-local Unix socket\n$/,
    ],
    'ledger no database': [
      (home) => {
        mkdirSync(home);
        writeFileSync(join(home, 'coven.sqlite3'), 'x'.repeat(8192));
      },
      /^Error: opening the ledger: file is not a database\n$/,
    ],
    'ledger a folder': [
      (home) => mkdirSync(join(home, 'coven.sqlite3'), { recursive: true }),
      /is not a regular file\n$/,
    ],
  };

  test.each(Object.entries(refused))('%s', async (_name, [spoil, reason]) => {
    await using scratch = await makeScratch();
    const world = makeWorld(scratch);
    spoil(world.home);
    const { code, stderr } = await failToStart(scratch, world, ours);
    expect(stderr).toMatch(reason);
    expect(stderr.split('\n')).toHaveLength(2);
    expect(code).toBe(1);
    if (existsSync(join(world.home, 'coven.sock')))
      expect(readFileSync(join(world.home, 'coven.sock'), 'utf8')).toBe('kept');
  });

  test('too long a path for a socket', async () => {
    await using scratch = await makeScratch();
    const world = makeWorld(scratch, join(scratch.path, 'x'.repeat(100)));
    const { stderr } = await failToStart(scratch, world, ours);
    expect(stderr).toMatch(
      /^Error: preparing the home: the socket path of .* has \d+ bytes; a Unix socket allows 107\n$/,
    );
  });

  test.skipIf(process.geteuid?.() !== 0)('somebody else owns the home', async () => {
    await using scratch = await makeScratch();
    const world = makeWorld(scratch);
    mkdirSync(world.home, { mode: 0o755 });
    chownSync(world.home, 65_534, 65_534);
    const { stderr } = await failToStart(scratch, world, ours);
    expect(stderr).toMatch(/: it is owned by uid 65534, not the current user \(uid 0\)\n$/);
    expect(mode(world.home)).toBe('755');
  });

  test('a second daemon, in Coven’s words; the first goes on', async () => {
    await using scratch = await makeScratch();
    const first = await startDaemon(scratch, makeWorld(scratch), ours);
    const { code, stderr } = await failToStart(scratch, first, ours);
    expect(stderr).toBe(
      `Error: taking the locks: another Coven daemon is already serving this home (holds ${join(first.home, 'daemon-serve.lock')}); refusing to start a second daemon, which would contend for the SQLite store\n`,
    );
    expect(code).toBe(1);
    expect((await first.request('GET', '/health')).body.daemon.pid).toBe(first.child.pid);
    expect(log(first.home)).toContain('error: taking the locks: another Coven daemon');
  });

  test('a live listener without a lock is never taken over', async () => {
    await using scratch = await makeScratch();
    const world = makeWorld(scratch);
    mkdirSync(world.home);
    const listener = createServer().listen(join(world.home, 'coven.sock'));
    scratch.onEnd(() => void listener.close());
    await until(() => listener.listening);
    const { stderr } = await failToStart(scratch, world, ours);
    expect(stderr).toMatch(/^Error: publishing the socket: another process listens on /);
    expect(existsSync(join(world.home, 'coven.sock'))).toBe(true);
  });
});

describe('a ledger that is gone', () => {
  test('beside a WAL that holds its rows stops the start and leaves the WAL', async () => {
    await using scratch = await makeScratch();
    const first = await startDaemon(scratch, makeWorld(scratch), ours);
    await first.launch('exit 0');
    await first.end('SIGKILL');
    const wal = readFileSync(join(first.home, 'coven.sqlite3-wal'));
    writeFileSync(join(first.home, 'coven.sqlite3'), '');
    const { stderr } = await failToStart(scratch, first, ours);
    expect(stderr).toMatch(/^Error: opening the ledger: .*coven.sqlite3 is missing or empty while coven.sqlite3-wal/);
    expect(readFileSync(join(first.home, 'coven.sqlite3-wal')).equals(wal)).toBe(true);
    expect(log(first.home)).toContain('error: opening the ledger');
  });

  test('after earlier starts is replaced, and the log and health say so', async () => {
    await using scratch = await makeScratch();
    const first = await startDaemon(scratch, makeWorld(scratch), ours);
    expect((await first.request('GET', '/health')).body.storage.status).toBe('ok');
    await first.end('SIGTERM');
    writeFileSync(join(first.home, 'coven.sqlite3'), '');
    const second = await startDaemon(scratch, first, ours);
    const { storage } = (await second.request('GET', '/health')).body;
    expect(storage).toMatchObject({
      status: 'warning',
      lastMaintenanceError: 'coven.sqlite3 was missing or empty: a new ledger was made',
    });
    expect(log(first.home)).toContain('warning: coven.sqlite3 was missing or empty');
  });
});

test('a ledger of an older release gets the columns it lacks and keeps the rest', async () => {
  await using scratch = await makeScratch();
  const world = makeWorld(scratch);
  mkdirSync(world.home);
  const path = join(world.home, 'coven.sqlite3');
  const old = new Database(path);
  old.exec(`CREATE TABLE sessions (id TEXT PRIMARY KEY NOT NULL, project_root TEXT NOT NULL, harness TEXT NOT NULL,
      title TEXT NOT NULL, status TEXT NOT NULL, created_at TEXT NOT NULL, updated_at TEXT NOT NULL);
    CREATE TABLE events (id TEXT PRIMARY KEY NOT NULL, session_id TEXT NOT NULL, kind TEXT NOT NULL,
      payload_json TEXT NOT NULL, created_at TEXT NOT NULL);
    CREATE TABLE strange (what TEXT); INSERT INTO strange VALUES ('kept');
    INSERT INTO sessions VALUES ('s', '/p', 'codex', 'old', 'completed', '2025-01-01T00:00:00Z', '2025-01-01T00:00:00Z');
    INSERT INTO events VALUES ('e', 's', 'output', '{"data":"findable"}', '2025-01-01T00:00:00Z');`);
  old.close();
  chmodSync(path, 0o644);
  const daemon = await startDaemon(scratch, world, ours);
  expect((await daemon.request('GET', '/sessions/s')).body).toMatchObject({ title: 'old', visibility: 'private' });
  expect(await daemon.events('s')).toHaveLength(1);
  await daemon.end('SIGTERM');
  expect(mode(path)).toBe('644');
  const now = new Database(path);
  expect(now.prepare('SELECT what FROM strange').pluck().get()).toBe('kept');
  expect(now.prepare("SELECT rowid FROM events_fts WHERE events_fts MATCH 'findable'").pluck().get()).toBe(1);
  expect(now.pragma('integrity_check', { simple: true })).toBe('ok');
  now.close();
});
