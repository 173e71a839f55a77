import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  statfsSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { describe, expect, test } from 'vitest';
import { backUp, backupsOf } from '../../fixtures/backup.ts';
import { cli, refuseInvalid } from '../../fixtures/diagnose.ts';
import { mountDisk } from '../../fixtures/disk.ts';
import { startDouble, startLockHolder } from '../../fixtures/double.ts';
import { hoursAgo, makeHome } from '../../fixtures/home.ts';
import { endProcesses } from '../../fixtures/real-coven.ts';
import { makeScratch, type Scratch } from '../../fixtures/scratch.ts';
import { snapshot } from '../../fixtures/snapshot.ts';

/** What a home holds beside what is the doctor's own, and the times of its folder, which every rename changes. */
const listing = (home: string): readonly string[] =>
  snapshot(home)
    .filter((line) => !/^\.\/doctor[ /]/.test(line))
    .map((line) => (line.startsWith('. ') ? line.replace(/ \d+ \d+ \d+ $/, '') : line));

interface Fixed {
  readonly exitCode: number;
  readonly plan: {
    readonly steps: readonly { fix: string; kind: string; risk: string }[];
    readonly refused: readonly { finding: string; reason: string }[];
  };
  readonly fixes?: readonly { fix: string; outcome: string; reason?: string; message?: string }[];
  readonly runId?: string | null;
}

const told = async (home: string, ...args: readonly string[]): Promise<Fixed> => {
  const { stdout, stderr, exitCode } = await cli(['--home', home, '--fix', '--json', ...args]);
  if (!stdout) throw new Error(stderr);
  const document = JSON.parse(stdout) as Fixed;
  refuseInvalid(document);
  expect(exitCode).toBe(document.exitCode);
  return document;
};
const outcomes = ({ fixes = [] }: Fixed): readonly string[] => fixes.map(({ fix, outcome }) => `${outcome} ${fix}`);
const kinds = ({ plan }: Fixed): readonly string[] => plan.steps.map(({ kind }) => kind);
const undo = (home: string) => cli(['undo', '--home', home]);

/** A scratch whose daemons are ended with it. */
async function makeStage(): Promise<Scratch & { readonly home: string }> {
  const scratch = await makeScratch();
  const home = join(scratch.path, 'home');
  scratch.onEnd(() => void endProcesses(home));
  return Object.assign(scratch, { home });
}

function damaged(home: string): void {
  makeHome(home, { rows: [{ id: 'a', status: 'completed' }], events: 20 });
  writeFileSync(join(home, 'daemon.json'), '{"pid":', { mode: 0o600 });
  chmodSync(join(home, 'state.lock'), 0o644);
  chmodSync(home, 0o755);
}

describe('a home with modes and a record that are wrong', () => {
  test('is mended in one run, a second finds nothing to do, and undo brings every byte and mode back', async () => {
    await using stage = await makeStage();
    const { home } = stage;
    damaged(home);
    const before = listing(home);
    const first = await told(home, '--yes');
    expect(outcomes(first)).toEqual([
      'fixed home:mode entry-open',
      'fixed home:mode readable-by-others',
      'fixed daemon:record invalid',
    ]);
    expect(first.exitCode).toBe(0);
    expect(existsSync(join(home, 'daemon.json'))).toBe(false);
    const second = await told(home, '--yes');
    expect([second.plan.steps, second.fixes, second.exitCode]).toEqual([[], undefined, 0]);
    expect((await undo(home)).exitCode).toBe(0);
    expect(listing(home)).toEqual(before);
    // An undo is a run itself: it is taken back in turn.
    const runs = JSON.parse((await cli(['runs', '--home', home, '--json'])).stdout).runs as { id: string }[];
    expect((await cli(['undo', runs[0]?.id ?? '', '--home', home])).exitCode).toBe(0);
    expect(existsSync(join(home, 'daemon.json'))).toBe(false);
  });

  test('has its backup where it was asked for', async () => {
    await using stage = await makeStage();
    damaged(stage.home);
    const folder = join(stage.path, 'backups');
    mkdirSync(folder, { mode: 0o700 });
    expect((await told(stage.home, '--yes', '--backup-dir', folder)).exitCode).toBe(0);
    const [id = ''] = readdirSync(folder);
    expect(existsSync(join(folder, id, 'backup', 'manifest.json'))).toBe(true);
    const list = await cli(['backup', 'list', '--home', stage.home, '--backup-dir', folder]);
    expect(list.stdout).toContain(id);
  });

  test('is left as it is without a yes, and the exit code says that something was refused', async () => {
    await using stage = await makeStage();
    damaged(stage.home);
    const before = snapshot(stage.home);
    const { stdout, exitCode } = await cli(['--home', stage.home, '--fix']);
    expect(exitCode).toBe(5);
    expect(stdout).toContain('Nothing was changed.');
    expect(snapshot(stage.home)).toEqual(before);
  });

  test('with --yes and --quiet only the outcome is told, with what is left', async () => {
    await using stage = await makeStage();
    damaged(stage.home);
    const { stdout, exitCode } = await cli(['--home', stage.home, '--fix', '--yes', '--quiet']);
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/^fixed: /);
    expect(stdout).not.toContain('\u2026');
    expect(stdout).toMatch(/^\[--\] The daemon is not running \(daemon\)$/m);
    expect(stdout).toMatch(/This shows what to do about it:\n {2}coven-doctor --home /);
  });

  test('undo refuses where something changed since, and names it', async () => {
    await using stage = await makeStage();
    const { home } = stage;
    damaged(home);
    await told(home, '--yes');
    writeFileSync(join(home, 'daemon.json'), 'newer', { mode: 0o600 });
    const before = listing(home);
    const { stdout, exitCode } = await undo(home);
    expect(exitCode).toBe(5);
    expect(stdout).toContain(
      'daemon.json exists again, so nothing was put back there.\nIf a daemon runs, it wrote it. Stop it,',
    );
    expect(stdout).toMatch(/^ {2}coven-doctor daemon stop --home .*\n {2}coven-doctor undo \S+ --home /m);
    expect(stdout).not.toContain('Not undone');
    expect(listing(home)).toEqual(before);
  });
});

describe('a saved plan', () => {
  test('is applied as it was saved, and refused once what it rests on has changed', async () => {
    await using stage = await makeStage();
    const { home } = stage;
    damaged(home);
    const file = join(stage.path, 'plan.json');
    expect((await cli(['plan', '--home', home, '-o', file])).exitCode).toBe(0);
    writeFileSync(join(home, 'daemon.json'), '{"pid":1', { mode: 0o600 });
    const drifted = await cli(['apply', file, '--home', home, '--json']);
    expect([drifted.exitCode, drifted.stderr]).toEqual([5, expect.stringContaining('has changed')]);
    expect(JSON.parse(drifted.stdout)).toEqual({ ok: false, refused: expect.stringContaining('has changed') });
    expect((await cli(['plan', '--home', home, '-o', file])).exitCode).toBe(0);
    expect((await cli(['apply', file, '--home', home])).exitCode).toBe(0);
    expect(existsSync(join(home, 'daemon.json'))).toBe(false);
  });

  test.each([
    ['that others can write to', (file: string) => chmodSync(file, 0o666), 'others can write to it'],
    ['that is no plan', (file: string) => writeFileSync(file, '{}'), 'it is no plan'],
    [
      'that was altered',
      (file: string) => writeFileSync(file, readFileSync(file, 'utf8').replace('"mode": 448', '"mode": 511')),
      'it was altered',
    ],
    [
      'with a path that leads out of the home',
      (file: string) => writeFileSync(file, readFileSync(file, 'utf8').replaceAll('"daemon.json"', '"../x"')),
      'it is no plan',
    ],
  ])('%s is refused', async (_, change, why) => {
    await using stage = await makeStage();
    damaged(stage.home);
    const file = join(stage.path, 'plan.json');
    await cli(['plan', '--home', stage.home, '-o', file]);
    change(file);
    const before = listing(stage.home);
    const { exitCode, stderr } = await cli(['apply', file, '--home', stage.home]);
    expect([exitCode, stderr]).toEqual([5, expect.stringContaining(why)]);
    expect(listing(stage.home)).toEqual(before);
  });
});

describe('a ledger', () => {
  // Of a copy: a reader of the ledger itself would leave a WAL beside it.
  const content = (home: string): unknown => {
    copyFileSync(join(home, 'coven.sqlite3'), `${home}.copy`);
    const db = new Database(`${home}.copy`, { readonly: true });
    const rows = ['sessions', 'events'].map((table) => db.prepare(`SELECT * FROM ${table} NOT INDEXED`).all());
    db.close();
    return rows;
  };

  /** Full-text index and an index that both lost entries. */
  function unindexed(home: string): void {
    makeHome(home, { rows: [{ id: 'a', status: 'completed' }], events: 20 });
    const db = new Database(join(home, 'coven.sqlite3'));
    db.exec(`CREATE VIRTUAL TABLE events_fts USING fts5(payload_json, content='events', content_rowid='rowid')`);
    db.close();
  }

  test('whose full-text index lacks events gets it anew, row for row; undo puts the very files back', async () => {
    await using stage = await makeStage();
    const { home } = stage;
    unindexed(home);
    const [before, rows] = [listing(home), content(home)];
    const first = await told(home, '--yes');
    expect(outcomes(first)).toEqual(['fixed store:index search-index']);
    expect(content(home)).toEqual(rows);
    expect((await told(home, '--yes')).plan.steps).toEqual([]);
    for (const suffix of ['-wal', '-shm']) expect(existsSync(join(home, `coven.sqlite3${suffix}`))).toBe(false);
    expect((await undo(home)).exitCode).toBe(0);
    expect(listing(home)).toEqual(before);
  });

  test('with rows in its WAL alone keeps them', async () => {
    await using stage = await makeStage();
    const { home } = stage;
    makeHome(home, { rows: [{ id: 'a', status: 'completed' }], events: 20 });
    const path = join(home, 'coven.sqlite3');
    const db = new Database(path);
    db.exec(`CREATE VIRTUAL TABLE events_fts USING fts5(payload_json, content='events', content_rowid='rowid')`);
    db.pragma('wal_autocheckpoint = 0');
    db.exec("UPDATE sessions SET title = 'in the WAL alone'");
    for (const suffix of ['', '-wal', '-shm']) copyFileSync(path + suffix, `${path}${suffix}.left`);
    db.close();
    for (const suffix of ['', '-wal', '-shm']) renameSync(`${path}${suffix}.left`, path + suffix);
    const before = listing(home);
    expect(outcomes(await told(home, '--yes'))).toEqual(['fixed store:index search-index']);
    expect(JSON.stringify(content(home))).toContain('in the WAL alone');
    expect((await undo(home)).exitCode).toBe(0);
    expect(listing(home)).toEqual(before);
  });

  test('that was written to since is not put back', async () => {
    await using stage = await makeStage();
    const { home } = stage;
    unindexed(home);
    await told(home, '--yes');
    const db = new Database(join(home, 'coven.sqlite3'));
    db.exec("UPDATE sessions SET status = 'failed'");
    db.exec(
      "INSERT INTO sessions SELECT 'b', project_root, harness, title, status, exit_code, archived_at, created_at, updated_at, conversation_id, labels, visibility, familiar_id, execution_binding_json, external, transcript_path, transcript_indexed_at FROM sessions",
    );
    db.exec('DELETE FROM events WHERE rowid = 20');
    db.exec(
      "INSERT INTO events (id, session_id, kind, payload_json, created_at) VALUES ('new', 'b', 'output', '{}', '')",
    );
    db.close();
    const before = listing(home);
    const { exitCode, stdout } = await undo(home);
    expect([exitCode, stdout]).toEqual([5, expect.stringContaining('coven.sqlite3')]);
    expect(stdout).toContain(
      'Only in the ledger in place, and out of sight if it were undone:\n  1 session (b)\n  1 event\n  1 session in another state (a)\n',
    );
    expect(listing(home)).toEqual(before);
  });

  test('beside the WAL of another one: the WAL goes to quarantine where that is agreed to', async () => {
    await using stage = await makeStage();
    const { home } = stage;
    makeHome(home, { rows: [{ id: 'a', status: 'completed' }], events: 10 });
    const other = makeHome(`${home}-other`, { leaveWal: true, rows: [{ id: 'b', status: 'failed' }], events: 20 });
    renameSync(join(other, 'coven.sqlite3-wal'), join(home, 'coven.sqlite3-wal'));
    const before = listing(home);
    const refused = await told(home, '--yes');
    expect([outcomes(refused), refused.exitCode]).toEqual([['refused store:wal foreign'], 5]);
    expect(listing(home)).toEqual(before);
    expect(outcomes(await told(home, '--yes', '--allow', 'lossy'))).toEqual(['fixed store:wal foreign']);
    expect((await undo(home)).exitCode).toBe(0);
    expect(listing(home)).toEqual(before);
  });
});

describe('is refused, and nothing is changed', () => {
  const refusals: readonly (readonly [string, (home: string) => void, string])[] = [
    [
      'while a reset is cut off',
      (home) => writeFileSync(join(home, 'reset-transaction.json'), '{}', { mode: 0o600 }),
      'reset-interrupted',
    ],
  ];
  test.each(refusals)('%s', async (_, change, reason) => {
    await using stage = await makeStage();
    damaged(stage.home);
    change(stage.home);
    const before = snapshot(stage.home);
    const { plan } = await told(stage.home, '--yes', '--allow', 'lossy');
    expect(plan.steps).toEqual([]);
    expect([...new Set(plan.refused.map((refused) => refused.reason))]).toEqual([reason]);
    expect(snapshot(stage.home)).toEqual(before);
  });

  test.each(['state.lock', 'daemon.lock', 'daemon-serve.lock'])('while a process holds %s', async (lock) => {
    await using stage = await makeStage();
    const { home } = stage;
    makeHome(home);
    writeFileSync(join(home, 'daemon.json'), '{"pid":', { mode: 0o600 });
    const path = join(home, lock);
    await startLockHolder(stage, path);
    const before = listing(home);
    const { fixes = [], exitCode, plan } = await told(home, '--yes');
    // With the daemon's own lock held, nobody calls the record stale.
    if (plan.steps.length > 0) expect([exitCode, fixes.map(({ reason }) => reason)]).toEqual([5, ['lock-held']]);
    expect(listing(home)).toEqual(before);
  });

  test('beside a second doctor', async () => {
    await using stage = await makeStage();
    damaged(stage.home);
    mkdirSync(join(stage.home, 'doctor'), { mode: 0o700 });
    await startLockHolder(stage, join(stage.home, 'doctor', 'lock'));
    chmodSync(join(stage.home, 'doctor', 'lock'), 0o600);
    const before = listing(stage.home);
    const { fixes = [], exitCode } = await told(stage.home, '--yes');
    expect([exitCode, [...new Set(fixes.map(({ reason }) => reason))]]).toEqual([5, ['second-doctor']]);
    expect(listing(stage.home)).toEqual(before);
  });
});

describe('a daemon', () => {
  test('that is stopped by a signal goes on', async () => {
    await using stage = await makeStage();
    makeHome(stage.home);
    const child = await startDouble(stage, stage.home);
    child.kill('SIGSTOP');
    const fixed = await told(stage.home, '--yes');
    expect([kinds(fixed), fixed.plan.refused]).toEqual([['continue-process'], []]);
    expect(outcomes(fixed)).toEqual(['fixed daemon hung']);
  });

  test('that is wedged is ended by its identity and started anew, where that is agreed to', async () => {
    await using stage = await makeStage();
    const { home } = stage;
    makeHome(home, { rows: [{ id: 'a', status: 'completed' }] });
    const child = await startDouble(stage, home, { answer: 'silent' });
    const refused = await told(home, '--yes');
    expect([outcomes(refused), child.exitCode]).toEqual([['refused daemon hung'], null]);
    const fixed = await told(home, '--yes', '--allow', 'disruptive', 'lossy');
    expect(kinds(fixed)).toContain('end-process');
    expect(outcomes(fixed)).toContain('fixed daemon hung');
    expect(fixed.exitCode).toBe(0);
  });

  test('that was killed is started, its files in quarantine, and its rows orphaned', async () => {
    await using stage = await makeStage();
    const { home } = stage;
    makeHome(home, { rows: [{ id: 'a', status: 'running' }], events: 5 });
    const record = { pid: 4_000_000, startedAt: hoursAgo(1), socket: join(home, 'coven.sock') };
    writeFileSync(join(home, 'daemon.json'), JSON.stringify(record), { mode: 0o600 });
    const fixed = await told(home, '--yes');
    expect(outcomes(fixed)).toEqual(['fixed daemon:record dead-pid', 'fixed daemon stale']);
    expect(fixed.exitCode).toBe(0);
    const db = new Database(join(home, 'coven.sqlite3'), { readonly: true });
    expect(db.prepare('SELECT id, status FROM sessions').all()).toEqual([{ id: 'a', status: 'orphaned' }]);
    expect(db.prepare('SELECT count(*) FROM events').pluck().get()).toBe(5);
    db.close();
    const [run = ''] = readdirSync(join(home, 'doctor', 'runs'));
    expect(readdirSync(join(home, 'doctor', 'runs', run, 'quarantine'))).toEqual(['1-daemon.json']);
  });
});

test('old backups make room on a disk that is short, where losing them is agreed to', async (context) => {
  await using stage = await makeStage();
  const disk = mountDisk(stage, 1_700_000_000);
  if (disk === null) {
    console.log('no test of old backups on a short disk: this user may not mount an image');
    return context.skip();
  }
  const home = makeHome(join(disk, 'home'), { rows: [{ id: 'a', status: 'completed' }], events: 20 });
  writeFileSync(join(home, 'session-artifacts'), randomBytes(40 * 1024 ** 2), { mode: 0o600 });
  for (let made = 0; made < 3; made += 1) await backUp(home);
  const ids = backupsOf(home).map(({ id }) => id);
  const { bavail, bsize } = statfsSync(disk);
  const left = 1024 ** 3 - 20 * 1024 ** 2;
  spawnSync('fallocate', ['-l', String(bavail * bsize - left), join(disk, 'filler')]);
  const refused = await told(home, '--yes');
  expect([outcomes(refused), refused.exitCode]).toEqual([['refused home:disk low'], 5]);
  expect(backupsOf(home).map(({ id }) => id)).toEqual(ids);
  const fixed = await told(home, '--yes', '--allow', 'lossy');
  expect([outcomes(fixed), kinds(fixed)]).toEqual([['fixed home:disk low'], ['remove-backup', 'remove-backup']]);
  expect(backupsOf(home).map(({ id }) => id)).toEqual([ids[2]]);
  expect((await undo(home)).stdout).toContain('what it did cannot be undone');
});
