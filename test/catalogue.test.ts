import { spawnSync } from 'node:child_process';
import {
  appendFileSync,
  chmodSync,
  copyFileSync,
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  statfsSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import Database from 'better-sqlite3';
import { execa } from 'execa';
import { describe, expect, test } from 'vitest';
import { diagnose } from '../fixtures/diagnose.ts';
import { type DoubleOptions, startDouble } from '../fixtures/double.ts';
import { hoursAgo, makeHome, overwrite, type Row } from '../fixtures/home.ts';
import { findRealCoven, makeWorld } from '../fixtures/real-coven.ts';
import { makeScratch } from '../fixtures/scratch.ts';

const stopped = 'daemon stopped warn';

/** Lines of a recovery log, `seconds` before now. */
const at = (seconds: number, said: string): string =>
  `[${new Date(Date.now() - seconds * 1000).toISOString().replace('Z', '000000Z')}] ${said}\n`;
const begin = (seconds: number): string =>
  at(seconds, 'startup_checkpoint phase=daemon-store-begin elapsed_ms=0 prior_observer_ms=0 interval_us=0');
const start = (seconds: number): string => begin(seconds) + at(seconds - 1, 'daemon starting pid=4242 socket=/x');
const rows = (count: number, status: string, hours: number): readonly Row[] =>
  Array.from({ length: count }, (_, n) => ({ id: `${status}-${n}`, status, createdAt: hoursAgo(hours) }));
const log = (home: string, ...lines: readonly string[]): void =>
  appendFileSync(join(makeHome(home), 'daemon-recovery.log'), lines.join(''));
const ledger = (home: string, sql: string): void => {
  const db = new Database(join(makeHome(home), 'coven.sqlite3'));
  db.exec(sql);
  db.close();
};

/** Changes a ledger behind the back of one of its indexes. */
function withoutIndex(path: string, index: string, sql: string): void {
  const step = (work: (db: Database.Database) => void): void => {
    const db = new Database(path);
    db.unsafeMode();
    db.pragma('writable_schema = ON');
    work(db);
    db.close();
  };
  let row: unknown;
  step((db) => {
    row = db.prepare('SELECT * FROM sqlite_schema WHERE name = ?').get(index);
    db.prepare('DELETE FROM sqlite_schema WHERE name = ?').run(index);
  });
  step((db) => db.exec(sql));
  step((db) => db.prepare('INSERT INTO sqlite_schema VALUES (@type, @name, @tbl_name, @rootpage, @sql)').run(row));
}

const cases: readonly (readonly [name: string, build: (home: string) => void, faults: readonly string[]])[] = [
  [
    'a reset that was cut off',
    (home) => writeFileSync(join(makeHome(home), 'reset-transaction.json'), '{}', { mode: 0o600 }),
    ['home:reset interrupted fail', stopped],
  ],
  [
    'a broken repos.toml',
    (home) => writeFileSync(join(makeHome(home), 'repos.toml'), '[[repo]\npath = 1\n'),
    ['home:config unparsable warn', stopped],
  ],
  [
    'a broken adapter beside sound configuration',
    (home) => {
      mkdirSync(join(makeHome(home), 'adapters'), { mode: 0o700 });
      writeFileSync(join(home, 'adapters', 'good.json'), '{"id":"good"}');
      writeFileSync(join(home, 'adapters', 'bad.json'), '{"id":');
      writeFileSync(join(home, 'privacy.toml'), '[redact]\npatterns = ["a"]\n');
    },
    ['home:config unparsable warn', stopped],
  ],
  [
    'configuration that is no UTF-8',
    (home) => writeFileSync(join(makeHome(home), 'familiars.toml'), Buffer.from([0x61, 0xff, 0xfe])),
    ['home:config unparsable warn', stopped],
  ],
  [
    'a lock with a second name',
    (home) => linkSync(join(makeHome(home), 'state.lock'), join(home, 'other')),
    ['home:locks linked fail', stopped],
  ],
  [
    'seven starts within a minute',
    (home) => log(home, ...[60, 50, 40, 30, 20, 15, 10].map(start)),
    [stopped, 'daemon:log crash-loop warn'],
  ],
  [
    'seven starts within a minute, cleanly stopped',
    (home) =>
      log(home, ...[60, 50, 40, 30, 20, 15, 10].map((ago) => start(ago) + at(ago - 2, 'daemon stopping pid=4242'))),
    [stopped],
  ],
  [
    'seven starts within an hour',
    (home) => log(home, ...[3600, 3000, 2400, 1800, 1200, 600, 10].map(start)),
    [stopped],
  ],
  [
    'a crash loop of last week',
    (home) => log(home, ...[60, 50, 40, 30, 20, 10].map((ago) => start(7 * 86_400 + ago))),
    [stopped],
  ],
  [
    'a start that ended half way',
    (home) => log(home, begin(20), at(20, 'startup_checkpoint phase=store-runtime-complete elapsed_ms=4')),
    [stopped, 'daemon:log start-incomplete warn'],
  ],
  [
    'a panic',
    (home) => log(home, start(50), at(20, "daemon panic: thread 'main' panicked at src/main.rs:1:1")),
    [stopped, 'daemon:log panic warn'],
  ],
  [
    'a flood of lines',
    (home) =>
      log(
        home,
        start(90),
        at(60, 'unix connection error: missing HTTP path').repeat(6000),
        at(1, 'unix connection error: x'),
      ),
    [stopped, 'daemon:log flood warn'],
  ],
  [
    'a session that nobody launched',
    (home) => makeHome(home, { rows: rows(1, 'created', 1) }),
    [stopped, 'sessions:stranded stranded warn'],
  ],
  [
    'an external session that nobody launched',
    (home) => makeHome(home, { rows: [{ id: 'e', status: 'created', createdAt: hoursAgo(1), external: true }] }),
    [stopped],
  ],
  [
    'five failed sessions of six',
    (home) => makeHome(home, { rows: [...rows(5, 'failed', 3), ...rows(1, 'completed', 3)] }),
    [stopped, 'sessions:churn churn warn'],
  ],
  [
    'five failed sessions of eleven',
    (home) => makeHome(home, { rows: [...rows(5, 'failed', 3), ...rows(6, 'completed', 3)] }),
    [stopped],
  ],
  ['failed sessions of the day before', (home) => makeHome(home, { rows: rows(9, 'failed', 30) }), [stopped]],
  [
    'a ledger without its events',
    (home) => ledger(home, 'DROP TABLE events'),
    [stopped, 'store:schema missing-tables fail'],
  ],
  [
    'a ledger that lacks a column',
    (home) => ledger(home, 'ALTER TABLE sessions DROP COLUMN title'),
    [stopped, 'store:schema missing-columns fail'],
  ],
  [
    'an index that lost an entry',
    (home) => {
      makeHome(home, { rows: rows(3, 'completed', 2), events: 30 });
      withoutIndex(join(home, 'coven.sqlite3'), 'idx_events_session_created_at', 'DELETE FROM events WHERE rowid = 7');
    },
    [stopped, 'store:index index-mismatch warn'],
  ],
  [
    'a full-text index that lacks events',
    (home) =>
      ledger(
        home,
        `CREATE VIRTUAL TABLE events_fts USING fts5(payload_json, content='events', content_rowid='rowid');
         INSERT INTO sessions (id, project_root, harness, title, status, created_at, updated_at)
           VALUES ('a', '/p', 'codex', 't', 'completed', '2026-01-01', '2026-01-01');
         INSERT INTO events (id, session_id, kind, payload_json, created_at) VALUES ('e', 'a', 'output', '{}', '2026-01-01')`,
      ),
    [stopped, 'store:index search-index warn'],
  ],
  [
    'random bytes as WAL',
    (home) => writeFileSync(join(makeHome(home), 'coven.sqlite3-wal'), Buffer.alloc(9000, 0x5a)),
    [stopped, 'store:wal torn warn'],
  ],
  [
    'a WAL whose first page was overwritten',
    (home) => {
      makeHome(home, { leaveWal: true, rows: rows(3, 'completed', 2) });
      overwrite(join(home, 'coven.sqlite3-wal'), 200, 64, 0x5a);
    },
    [stopped, 'store:wal torn warn'],
  ],
  [
    'the WAL of another ledger',
    (home) => {
      makeHome(home, { rows: rows(3, 'completed', 2), events: 10 });
      const other = makeHome(`${home}-other`, { leaveWal: true, rows: rows(4, 'failed', 30), events: 20 });
      renameSync(join(other, 'coven.sqlite3-wal'), join(home, 'coven.sqlite3-wal'));
    },
    [stopped, 'store:wal foreign fail'],
  ],
  [
    'a WAL of 300 MB',
    (home) => {
      makeHome(home, { leaveWal: true, rows: rows(3, 'completed', 2) });
      truncateSync(join(home, 'coven.sqlite3-wal'), 300 * 1024 ** 2);
    },
    [stopped, 'store:open undetermined unknown', 'store:wal large warn'],
  ],
  [
    'a ledger of an older release, and tables that are not known',
    (home) => ledger(home, 'ALTER TABLE sessions DROP COLUMN transcript_path; CREATE TABLE other (x)'),
    [stopped],
  ],
];

test.each(cases)('%s', async (_name, build, faults) => {
  await using scratch = await makeScratch();
  const home = join(scratch.path, 'home');
  build(home);
  expect((await diagnose(home)).faults).toEqual(faults);
});

test('a fault of the configuration tells its line, and not what stands there', async () => {
  await using scratch = await makeScratch();
  const home = makeHome(join(scratch.path, 'home'));
  writeFileSync(join(home, 'repos.toml'), 'a = 1\nsecret = sk-not-quoted\n');
  const { document } = await diagnose(home);
  const text = JSON.stringify(document);
  expect(text).toContain('cannot be parsed, first at line 2');
  expect(text).not.toContain('sk-not-quoted');
});

test('a start that ended half way is not blamed on the error of an earlier one', async () => {
  await using scratch = await makeScratch();
  const home = join(scratch.path, 'home');
  log(home, begin(90), at(89, 'error: opening the ledger: an old reason'), begin(20));
  const { document } = await diagnose(home);
  const message = document.checks.find(({ id }) => id === 'daemon:log')?.message ?? '';
  expect(message).toContain('daemon-store-begin');
  expect(message).not.toContain('an old reason');
});

test('no start is advised while the daemon’s record stands in its way', async () => {
  await using scratch = await makeScratch();
  const home = makeHome(join(scratch.path, 'home'), { rows: rows(1, 'running', 1) });
  writeFileSync(
    join(home, 'daemon.json'),
    `{"pid": 1, "startedAt": "${hoursAgo(1)}", "socket": "${home}/coven.sock"}`,
    {
      mode: 0o600,
    },
  );
  const hint = (await diagnose(home)).document.checks.find(({ id }) => id === 'sessions:orphaned')?.hint;
  expect(hint).not.toMatch(/^coven daemon start/);
});

test('churn asks for support', async () => {
  await using scratch = await makeScratch();
  const home = makeHome(join(scratch.path, 'home'), { rows: rows(6, 'failed', 1) });
  expect((await diagnose(home)).document.escalate).toEqual(['sessions-failing']);
});

test('a start that ended where it binds its socket asks for support', async () => {
  await using scratch = await makeScratch();
  const home = join(scratch.path, 'home');
  log(home, begin(20), at(20, 'startup_checkpoint phase=daemon-store-end elapsed_ms=4'));
  const { faults, document } = await diagnose(home);
  expect(faults).toEqual([stopped, 'daemon:log start-incomplete warn']);
  expect(document.escalate).toEqual(['socket-cannot-bind']);
});

test('starts of a crash loop are counted through rotated logs, oldest first', async () => {
  await using scratch = await makeScratch();
  const home = makeHome(join(scratch.path, 'home'));
  for (const [suffix, ago] of [
    ['.3', 70],
    ['.2', 60],
    ['.1', 50],
  ] as const)
    writeFileSync(join(home, `daemon-recovery.log${suffix}`), start(ago) + start(ago - 4));
  writeFileSync(join(home, 'daemon-recovery.log'), start(10));
  const { document } = await diagnose(home);
  expect(document.checks.find(({ id }) => id === 'daemon:log')?.message).toContain('7 starts within 10 minutes');
});

describe('where the home lives', () => {
  test('in a synchronised folder', async () => {
    await using scratch = await makeScratch();
    mkdirSync(join(scratch.path, 'Dropbox'));
    const home = makeHome(join(scratch.path, 'Dropbox', 'home'));
    expect((await diagnose(home)).faults).toEqual(['home:filesystem synced warn', stopped]);
  });

  const inMemory = existsSync('/dev/shm') && statfsSync('/dev/shm').type === 0x01021994;
  test.skipIf(!inMemory)('in memory (needs /dev/shm)', async () => {
    const folder = mkdtempSync('/dev/shm/doctor-test-');
    try {
      const { faults } = await diagnose(makeHome(join(folder, 'home')));
      expect(faults.filter((fault) => !fault.startsWith('home:disk'))).toEqual([
        'home:filesystem volatile warn',
        stopped,
      ]);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  const mounts = spawnSync('unshare', ['-m', 'true']).status === 0;
  if (!mounts) console.log('no test of a read-only file system: this user may not mount');
  test.skipIf(!mounts)('on a file system that is mounted read-only', async () => {
    await using scratch = await makeScratch();
    const home = makeHome(join(scratch.path, 'home'));
    const program = fileURLToPath(new URL('../dist/coven-doctor.js', import.meta.url));
    const script =
      'mount --bind "$1" "$1" && mount -o remount,bind,ro "$1" && exec "$2" "$3" --home "$1" --json --only home';
    const { stdout } = await execa('unshare', ['-m', 'sh', '-c', script, 'sh', home, process.execPath, program], {
      reject: false,
    });
    const { checks } = JSON.parse(stdout) as { checks: { id: string; status: string; findings: { code: string }[] }[] };
    const found = checks.find(({ id }) => id === 'home:filesystem');
    expect([found?.status, found?.findings[0]?.code]).toEqual(['fail', 'read-only']);
  });
});

const real = findRealCoven();
if ('why' in real) console.log(`no test of the advice for indexes, nor of a replaced executable: ${real.why}`);
const binary = 'path' in real ? real.path : '';

test.skipIf('why' in real)(
  'the advice for indexes is true: the real vacuum heals the full-text index, and no other',
  async () => {
    await using scratch = await makeScratch();
    const { home, coven, endHarnesses } = makeWorld(scratch, binary);
    endHarnesses();
    await coven('run', 'codex', 'hello');
    const path = join(home, 'coven.sqlite3');
    withoutIndex(path, 'idx_events_session_created_at', 'DELETE FROM events WHERE rowid = 1');
    const db = new Database(path);
    db.unsafeMode();
    db.exec('DELETE FROM events_fts_docsize WHERE id = 2');
    db.close();
    expect((await diagnose(home)).faults).toEqual([
      stopped,
      'store:index index-mismatch warn',
      'store:index search-index warn',
    ]);
    expect((await coven('vacuum')).exitCode).toBe(0);
    expect((await diagnose(home)).faults).toEqual([stopped, 'store:index index-mismatch warn']);
  },
);

describe('what is installed', () => {
  /** A folder for PATH with a `coven` of an npm package. */
  function install(folder: string, version: string): string {
    const bin = join(folder, 'bin');
    const target = join(folder, 'lib', 'node_modules', '@opencoven', 'cli');
    for (const made of [bin, target]) mkdirSync(made, { recursive: true });
    writeFileSync(join(target, 'package.json'), JSON.stringify({ name: '@opencoven/cli', version }));
    writeFileSync(join(target, 'coven.js'), '#!/usr/bin/env node\n');
    chmodSync(join(target, 'coven.js'), 0o755);
    symlinkSync(join(target, 'coven.js'), join(bin, 'coven'));
    return bin;
  }

  test('two different covens on PATH, and no harness', async () => {
    await using scratch = await makeScratch();
    const home = makeHome(join(scratch.path, 'home'));
    const [one, two] = ['0.4.6', '0.5.0'].map((version) => install(join(scratch.path, version), version));
    const path = `${one}:${two}:/usr/bin:/bin`;
    const { faults, document } = await diagnose(home, { env: { PATH: path } });
    expect(faults).toEqual([stopped, 'install:binaries shadowed warn', 'harnesses none warn']);
    expect(document.checks.find(({ id }) => id === 'install:binaries')?.message).toContain(`${two}/coven (0.5.0)`);
  });

  test('the same coven by two folders, and a harness that an open session needs', async () => {
    await using scratch = await makeScratch();
    const home = makeHome(join(scratch.path, 'home'), {
      rows: [{ id: 'a', status: 'created', createdAt: hoursAgo(0.01), harness: 'claude' }],
    });
    const one = install(join(scratch.path, 'one'), '0.4.6');
    mkdirSync(join(scratch.path, 'two'));
    symlinkSync(join(one, 'coven'), join(scratch.path, 'two', 'coven'));
    const bin = fileURLToPath(new URL('../fixtures/bin', import.meta.url));
    const { faults } = await diagnose(home, { env: { PATH: `${one}:${join(scratch.path, 'two')}:${bin}` } });
    expect(faults).toEqual([stopped, 'harness:claude absent warn']);
  });

  test('another version than the one that runs', async () => {
    await using scratch = await makeScratch();
    const home = makeHome(join(scratch.path, 'home'));
    await startDouble(scratch, home);
    const path = `${install(join(scratch.path, 'new'), '0.5.0')}:${fileURLToPath(new URL('../fixtures/bin', import.meta.url))}`;
    expect((await diagnose(home, { env: { PATH: path } })).faults).toEqual(['daemon:version skew warn']);
  });
});

describe('a live daemon', () => {
  const near: readonly (readonly [DoubleOptions, readonly string[]])[] = [
    [{ files: 20 }, []],
    [{ files: 65 }, ['daemon:resources descriptors warn']],
  ];
  test.each(near)('with descriptors open: %j', async (options, faults) => {
    await using scratch = await makeScratch();
    const home = makeHome(join(scratch.path, 'home'));
    await startDouble(scratch, home, options);
    expect((await diagnose(home)).faults).toEqual(faults);
  });

  test('beside another one on an unlinked socket', async () => {
    await using scratch = await makeScratch();
    const home = makeHome(join(scratch.path, 'home'));
    const other = await startDouble(scratch, home, { lock: false, record: false, unlink: true });
    await startDouble(scratch, home);
    const { faults, document } = await diagnose(home);
    expect(faults).toEqual(['daemon:duplicates second-daemon fail']);
    expect(document.nextSteps[0]).toContain(`kill -TERM ${other.pid}`);
  });

  test.skipIf('why' in real)('whose program was replaced', async () => {
    await using scratch = await makeScratch();
    const program = join(scratch.path, 'coven-program');
    copyFileSync(binary, program);
    const { home, serve } = makeWorld(scratch, program);
    await serve();
    copyFileSync(program, `${program}.new`);
    renameSync(`${program}.new`, program);
    expect((await diagnose(home, { daemonLives: true })).faults).toEqual(['daemon:version replaced-executable warn']);
  });
});
