import { appendFileSync, copyFileSync, mkdirSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import Database from 'better-sqlite3';
import { describe, expect, test } from 'vitest';
import { diagnose } from '../fixtures/diagnose.ts';
import { startDouble } from '../fixtures/double.ts';
import { install } from '../fixtures/faults/packages.ts';
import { hoursAgo, makeHome, type Row, withoutIndex } from '../fixtures/home.ts';
import { begins, logged, starts } from '../fixtures/log.ts';
import { findRealCoven, makeWorld } from '../fixtures/real-coven.ts';
import { makeScratch } from '../fixtures/scratch.ts';

const stopped = 'daemon stopped warn';

const rows = (count: number, status: string, hours: number): readonly Row[] =>
  Array.from({ length: count }, (_, n) => ({ id: `${status}-${n}`, status, createdAt: hoursAgo(hours) }));
const log = (home: string, ...lines: readonly string[]): void =>
  appendFileSync(join(makeHome(home), 'daemon-recovery.log'), lines.join(''));
const ledger = (home: string, sql: string): void => {
  const db = new Database(join(makeHome(home), 'coven.sqlite3'));
  db.exec(sql);
  db.close();
};

const cases: readonly (readonly [name: string, build: (home: string) => void, faults: readonly string[]])[] = [
  [
    'seven starts within a minute, cleanly stopped',
    (home) =>
      log(
        home,
        ...[60, 50, 40, 30, 20, 15, 10].map((ago) => starts(ago) + logged(ago - 2, 'daemon stopping pid=4242')),
      ),
    [stopped],
  ],
  [
    'seven starts within an hour',
    (home) => log(home, ...[3600, 3000, 2400, 1800, 1200, 600, 10].map(starts)),
    [stopped],
  ],
  [
    'a crash loop of last week',
    (home) => log(home, ...[60, 50, 40, 30, 20, 10].map((ago) => starts(7 * 86_400 + ago))),
    [stopped],
  ],
  [
    'an external session that nobody launched',
    (home) => makeHome(home, { rows: [{ id: 'e', status: 'created', createdAt: hoursAgo(1), external: true }] }),
    [stopped],
  ],
  [
    'five failed sessions of eleven, the newest of which went well',
    (home) => makeHome(home, { rows: [...rows(5, 'failed', 3), ...rows(6, 'completed', 2)] }),
    [stopped],
  ],
  ['failed sessions of the day before', (home) => makeHome(home, { rows: rows(9, 'failed', 30) }), [stopped]],
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
  expect(text).toContain('cannot be parsed: the first error is in line 2');
  expect(text).not.toContain('sk-not-quoted');
});

test('a start that ended half way is not blamed on the error of an earlier one', async () => {
  await using scratch = await makeScratch();
  const home = join(scratch.path, 'home');
  log(home, begins(90), logged(89, 'error: opening the ledger: an old reason'), begins(20));
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
  log(home, begins(20), logged(20, 'startup_checkpoint phase=daemon-store-end elapsed_ms=4'));
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
    writeFileSync(join(home, `daemon-recovery.log${suffix}`), starts(ago) + starts(ago - 4));
  writeFileSync(join(home, 'daemon-recovery.log'), starts(10));
  const { document } = await diagnose(home);
  expect(document.checks.find(({ id }) => id === 'daemon:log')?.message).toContain('started 7 times within 10 minutes');
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
      'store:index index-mismatch fail',
      'store:index search-index warn',
    ]);
    expect((await coven('vacuum')).exitCode).toBe(0);
    expect((await diagnose(home)).faults).toEqual([stopped, 'store:index index-mismatch fail']);
  },
);

describe('what is installed', () => {
  test('the same coven by two folders, and a harness that an open session needs', async () => {
    await using scratch = await makeScratch();
    const home = makeHome(join(scratch.path, 'home'), {
      rows: [{ id: 'a', status: 'created', createdAt: hoursAgo(0.01), harness: 'claude' }],
    });
    const one = install(join(scratch.path, 'one'), '0.4.6');
    mkdirSync(join(scratch.path, 'two'));
    symlinkSync(join(one, 'coven'), join(scratch.path, 'two', 'coven'));
    const bin = fileURLToPath(new URL('../fixtures/bin', import.meta.url));
    const { faults } = await diagnose(home, {
      env: { PATH: `${one}:${join(scratch.path, 'two')}:${bin}:${dirname(process.execPath)}` },
    });
    expect(faults).toEqual([stopped, 'harness:claude absent warn']);
  });
});

describe('a live daemon', () => {
  test('with some descriptors open', async () => {
    await using scratch = await makeScratch();
    const home = makeHome(join(scratch.path, 'home'));
    await startDouble(scratch, home, { files: 20 });
    expect((await diagnose(home)).faults).toEqual([]);
  });

  test('beside another one on an unlinked socket, which is named by its pid', async () => {
    await using scratch = await makeScratch();
    const home = makeHome(join(scratch.path, 'home'));
    const other = await startDouble(scratch, home, { lock: false, record: false, unlink: true });
    await startDouble(scratch, home);
    expect((await diagnose(home)).document.nextSteps[0]).toContain(`\`kill -TERM\` (pid ${other.pid})`);
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
