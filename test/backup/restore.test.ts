import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { expect, test, vi } from 'vitest';
import { backUp, covens, runFolders } from '../../fixtures/backup.ts';
import { cli, diagnose } from '../../fixtures/diagnose.ts';
import { makeHome, overwrite } from '../../fixtures/home.ts';
import { findRealCoven, makeWorld } from '../../fixtures/real-coven.ts';
import { makeScratch, type Scratch } from '../../fixtures/scratch.ts';
import { names } from '../../src/coven/layout.ts';

// Each run of the program proves a backup, with several processes of its own.
vi.setConfig({ testTimeout: 900_000 });

const real = findRealCoven();
if ('why' in real) console.log(`no restore under the real Coven: ${real.why}`);

function makeOne(scratch: Scratch): string {
  const home = makeHome(join(scratch.path, 'home'), {
    rows: [
      { id: 'old-1', status: 'completed' },
      { id: 'old-2', status: 'running' },
    ],
    events: 300,
    leaveWal: true,
  });
  mkdirSync(join(home, 'keys'), { mode: 0o700 });
  writeFileSync(join(home, 'keys', 'one.key'), 'key', { mode: 0o600 });
  symlinkSync('keys', join(home, 'link'));
  return home;
}

function sql(home: string, ...statements: readonly string[]): void {
  const db = new Database(join(home, names.ledger));
  for (const statement of statements) db.exec(statement);
  db.close();
}

const insert = (id: string): string =>
  `INSERT INTO sessions (id, project_root, harness, title, status, created_at, updated_at) VALUES ('${id}', '/', 'codex', 't', 'created', 'x', 'x')`;
const ids = (home: string): unknown => {
  const db = new Database(join(home, names.ledger), { readonly: true });
  const found = db.prepare('SELECT id FROM sessions ORDER BY id').pluck().all();
  db.close();
  return found;
};
const restore = (home: string, id: string, ...args: readonly string[]) =>
  cli(['backup', 'restore', id, '--home', home, ...args]);
/** Without the times of folders, which every rename in them changes. */
const untimed = (home: string): readonly string[] =>
  covens(home).map((line) => line.replace(/^(.* 40\d{3} \S+ \d+ \d+) \d+ $/, '$1'));
const agreed = ['--allow', 'lossy', '--yes'] as const;

test('puts back what was copied, lists what is newer before, and deletes nothing', async () => {
  await using scratch = await makeScratch();
  const home = makeOne(scratch);
  const { id } = await backUp(home);
  sql(
    home,
    insert('new-1'),
    "UPDATE sessions SET status = 'orphaned' WHERE id = 'old-2'",
    "INSERT INTO events (id, session_id, kind, payload_json, created_at) VALUES ('e', 'new-1', 'output', '{}', 'x')",
  );
  writeFileSync(join(home, 'keys', 'one.key'), 'other');
  chmodSync(join(home, 'keys', 'one.key'), 0o644);
  rmSync(join(home, 'link'));
  mkdirSync(join(home, 'link'));
  writeFileSync(join(home, 'link', 'inside'), 'kept');
  writeFileSync(join(home, 'newer'), 'stays');
  const before = covens(home);

  const shown = await restore(home, id, '--json');
  expect(shown.exitCode).toBe(5);
  expect(JSON.parse(shown.stdout)).toEqual({
    ok: false,
    refused: 'it needs --allow lossy',
    replaced: [names.ledger, 'keys/one.key', 'link'],
    newer: { newSessions: ['new-1'], changedSessions: ['old-2'], events: 1 },
  });
  const unasked = await restore(home, id, '--allow', 'lossy');
  expect(unasked).toMatchObject({ exitCode: 5, stderr: '' });
  expect(unasked.stdout).toContain('1 session (new-1)\n  1 event\n  1 session in another state (old-2)\n');
  expect(unasked.stdout).toContain('Not done: it was not agreed to; --yes agrees.\n');
  expect(covens(home)).toEqual(before);
  expect(runFolders(home)).toEqual([id]);

  const done = await restore(home, id, ...agreed, '--json');
  expect(done.exitCode).toBe(0);
  const { quarantine } = JSON.parse(done.stdout);
  expect(ids(home)).toEqual(['old-1', 'old-2']);
  expect(readFileSync(join(home, 'keys', 'one.key'), 'utf8')).toBe('key');
  expect(lstatSync(join(home, 'keys', 'one.key')).mode & 0o777).toBe(0o600);
  expect(readlinkSync(join(home, 'link'))).toBe('keys');
  expect(readFileSync(join(home, 'newer'), 'utf8')).toBe('stays');
  const kept = readdirSync(quarantine).sort();
  expect(kept).toEqual(['1-one.key', '2-link', `3-${names.ledger}`]);
  expect(readFileSync(join(quarantine, '2-link', 'inside'), 'utf8')).toBe('kept');
  const old = new Database(join(quarantine, `3-${names.ledger}`), { readonly: true });
  expect(old.prepare("SELECT status FROM sessions WHERE id IN ('new-1', 'old-2') ORDER BY id").pluck().all()).toEqual([
    'created',
    'orphaned',
  ]);
  old.close();
});

test('the WAL of another state goes to the quarantine before the ledger comes', async () => {
  await using scratch = await makeScratch();
  const home = makeOne(scratch);
  const { id } = await backUp(home);
  // Not opened since: the rows are in the WAL alone, which is damaged now, and so is the main file.
  overwrite(join(home, names.wal), 40, 1000, 1);
  overwrite(join(home, names.ledger), 0, 100);
  const done = await restore(home, id, ...agreed, '--json');
  expect(done.exitCode).toBe(0);
  expect(JSON.parse(done.stdout).newer).toEqual({ unreadable: 'SQLITE_NOTADB' });
  const { quarantine } = JSON.parse(done.stdout);
  expect(readdirSync(quarantine).sort()).toEqual([`1-${names.ledger}`, `1-${names.shm}`, `1-${names.wal}`]);
  expect(ids(home)).toEqual(['old-1', 'old-2']);
});

test('refused: a held lock, a damaged backup, a reset that was cut off, an unknown id', async () => {
  await using scratch = await makeScratch();
  const home = makeOne(scratch);
  const { id } = await backUp(home);
  const before = covens(home);
  for (const name of [names.stateLock, names.lifecycleLock, names.serveLock]) {
    const held = spawnSync(
      'flock',
      [
        '-s',
        join(home, name),
        process.execPath,
        'dist/coven-doctor.js',
        'backup',
        'restore',
        id,
        '--home',
        home,
        ...agreed,
      ],
      { encoding: 'utf8' },
    );
    expect(held).toMatchObject({
      status: 5,
      stderr: expect.stringContaining(`holds ${join(home, name)}; let it finish, or stop the daemon, and run again`),
    });
  }
  expect(covens(home)).toEqual(before);
  expect(runFolders(home)).toEqual([id]);
  overwrite(join(home, names.ledger), 0, 100);
  // A whole WAL would stand in for the header that is gone.
  overwrite(join(home, names.wal), 40, 1000, 1);
  const damaged = await backUp(home);
  expect((await restore(home, damaged.id, ...agreed)).stderr).toContain('holds a damaged ledger, as it was');
  writeFileSync(join(home, names.resetMarker), '{}');
  expect((await restore(home, id, ...agreed)).stderr).toContain('a reset of');
  expect((await restore(home, 'nothing', ...agreed)).exitCode).toBe(2);
});

const strace = spawnSync('strace', ['-e', 'trace=none', 'true']).status === 0;
if (!strace) console.log('no restore that is killed at each rename and link: strace is not there');

/** Of every run of the suite; `npm run crash:backup` adds the others. */
const calls = process.env.COVEN_DOCTOR_EVERY_CALL ? ['rename', 'link', 'mkdir', 'fsync'] : ['rename', 'link'];

test.skipIf(!strace).each(calls)(
  'killed with -9 at each %s, it is taken back by the next run',
  async (call) => {
    await using scratch = await makeScratch();
    const home = makeOne(scratch);
    const { id } = await backUp(home);
    writeFileSync(join(home, 'keys', 'one.key'), 'other');
    rmSync(join(home, 'link'));
    const before = untimed(home);
    const points = { untouched: 0, takenBack: 0, refused: 0 };
    for (let n = 1; ; n += 1) {
      const program = [process.execPath, 'dist/coven-doctor.js', 'backup', 'restore', id, '--home', home, ...agreed];
      const inject = [
        '-f',
        '-qq',
        '-o',
        '/dev/null',
        '-e',
        `trace=${call}`,
        '-e',
        `inject=${call}:signal=KILL:when=${n}`,
      ];
      const { signal, status } = spawnSync('strace', [...inject, ...program]);
      if (signal === null && status === 0) break;
      // A call of a child ends the child alone, without whose answer nothing is restored.
      if (signal === null) expect([status, untimed(home)]).toEqual([5, before]);
      const now = untimed(home).join() === before.join() ? 'untouched' : 'takenBack';
      points[signal === null ? 'refused' : now] += 1;
      // The next run first takes back what was cut off; then it tells what it would do, and is not allowed to.
      expect((await restore(home, id)).exitCode).toBe(5);
      // The call that makes the last record durable comes when that is written: the restore is complete.
      if (untimed(home).join() !== before.join()) {
        expect([call, readFileSync(join(home, 'keys', 'one.key'), 'utf8')]).toEqual(['fsync', 'key']);
        const { faults } = await diagnose(home);
        expect(faults.filter((fault) => fault.startsWith('home:repairs'))).toEqual([]);
        break;
      }
    }
    expect(ids(home)).toEqual(['old-1', 'old-2']);
    console.log(`restore killed at each ${call}: ${JSON.stringify(points)}; failures 0`);
    expect(points.takenBack + points.untouched).toBeGreaterThan(0);
  },
  1_800_000,
);

test.skipIf('why' in real)('the real Coven works with what was put back', async () => {
  await using scratch = await makeScratch();
  const world = makeWorld(scratch, 'path' in real ? real.path : '');
  await world.serve();
  const session = await world.launch();
  world.endHarnesses();
  await world.coven('daemon', 'stop');
  const { id } = await backUp(world.home);
  await world.coven('sacrifice', session, '--yes');
  const { exitCode, stderr } = await restore(world.home, id, ...agreed);
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
  expect(JSON.parse((await world.coven('sessions', '--json')).stdout)).toMatchObject({ sessions: [{ id: session }] });
  expect((await world.coven('daemon', 'start')).stdout).toContain('running');
  expect(JSON.parse((await world.coven('daemon', 'status', '--json')).stdout)).toMatchObject({ ok: true });
  expect((await restore(world.home, id, ...agreed)).exitCode).toBe(5);
});
