import { once } from 'node:events';
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { describe, expect, test } from 'vitest';
import { diagnose } from '../../fixtures/diagnose.ts';
import { startProgram } from '../../fixtures/double.ts';
import { damageTable, overwrite } from '../../fixtures/home.ts';
import { findRealCoven, makeWorld, request, until } from '../../fixtures/real-coven.ts';
import { makeScratch } from '../../fixtures/scratch.ts';

const real = findRealCoven();
if ('why' in real) console.log(`the interop suite is skipped: ${real.why}`);
const binary = 'path' in real ? real.path : '';
const stopped = 'daemon stopped warn';
const live = { daemonLives: true };

describe.skipIf(binary === '')('on a home of the real Coven', () => {
  test('killed with -9 and reaped: stale, and its rows orphaned; a start heals it', async () => {
    await using scratch = await makeScratch();
    const { home, coven, serve, launch, endHarnesses } = makeWorld(scratch, binary);
    const daemon = await serve();
    await launch();
    daemon.kill('SIGKILL');
    await once(daemon, 'exit');
    endHarnesses();
    const faults = [
      'daemon stale fail',
      'daemon:socket stale warn',
      'daemon:record dead-pid warn',
      'sessions:orphaned orphaned warn',
    ];
    await until(async () => (await diagnose(home)).faults.length === faults.length);
    expect((await diagnose(home)).faults).toEqual(faults);
    await coven('daemon', 'start');
    expect((await diagnose(home, live)).faults).toEqual([]);
  });

  test.each([
    ['in a git repository', true],
    ['in a plain folder', false],
  ])('a harness %s that outlives its daemon', async (_, git) => {
    await using scratch = await makeScratch();
    const { home, serve, launch, endHarnesses } = makeWorld(scratch, binary, { ignoreHangUp: true, git });
    const daemon = await serve();
    await launch();
    daemon.kill('SIGKILL');
    await once(daemon, 'exit');
    const died = ['daemon stale fail', 'daemon:socket stale warn', 'daemon:record dead-pid warn'];
    expect((await diagnose(home)).faults).toEqual([...died, 'sessions:processes unowned warn']);
    endHarnesses();
    await until(async () => !(await diagnose(home)).faults.includes('sessions:processes unowned warn'));
    expect((await diagnose(home)).faults).toEqual([...died, 'sessions:orphaned orphaned warn']);
  });

  test('a zombie under the recorded pid: Coven cannot start, and the hint works', async () => {
    await using scratch = await makeScratch();
    const { home, coven } = makeWorld(scratch, binary);
    // A parent that never reaps: the shell starts the daemon, is replaced by sleep, and so gets a zombie.
    const parent = await startProgram(
      scratch,
      'sh',
      ['-c', '"$0" daemon serve & echo started; exec sleep 600', binary],
      {
        HOME: scratch.path,
        COVEN_HOME: home,
      },
    );
    expect(parent.pid).toBeDefined();
    await until(async () => (await request(home, 'GET', '/health').catch(() => null)) !== null);
    process.kill(JSON.parse(readFileSync(join(home, 'daemon.json'), 'utf8')).pid, 'SIGKILL');
    const faults = ['daemon stale fail', 'daemon:socket stale warn', 'daemon:record zombie-pid fail'];
    await until(async () => (await diagnose(home)).faults.length === faults.length);
    expect((await diagnose(home)).faults).toEqual(faults);
    expect((await coven('daemon', 'restart')).exitCode).toBe(1);
    renameSync(join(home, 'daemon.json'), join(home, 'daemon.json.aside'));
    expect((await coven('daemon', 'start')).exitCode).toBe(0);
    expect((await diagnose(home, live)).faults).toEqual([]);
  });

  test('a reused pid: Coven refuses for ever, and the hint works', async () => {
    await using scratch = await makeScratch();
    const { home, coven } = makeWorld(scratch, binary);
    await coven('daemon', 'start');
    const record = JSON.parse(readFileSync(join(home, 'daemon.json'), 'utf8'));
    await coven('daemon', 'stop');
    const { pid } = await startProgram(scratch, 'sh', ['-c', 'echo started; exec sleep 600']);
    writeFileSync(join(home, 'daemon.json'), JSON.stringify({ ...record, pid }), { mode: 0o600 });
    expect((await diagnose(home)).faults).toEqual(['daemon stale fail', 'daemon:record reused-pid fail']);
    expect((await coven('daemon', 'restart')).exitCode).toBe(1);
    renameSync(join(home, 'daemon.json'), join(home, 'daemon.json.aside'));
    expect((await coven('daemon', 'start')).exitCode).toBe(0);
  });

  test('stopped with SIGSTOP: hung, and SIGCONT heals it', async () => {
    await using scratch = await makeScratch();
    const { home, serve } = makeWorld(scratch, binary);
    const daemon = await serve();
    daemon.kill('SIGSTOP');
    const hung = await diagnose(home, live);
    expect(hung.faults).toEqual(['daemon hung fail', 'daemon:socket hung fail']);
    expect(hung.document.nextSteps).toEqual([`Let it go on: kill -CONT ${daemon.pid}`]);
    daemon.kill('SIGCONT');
    expect((await diagnose(home, live)).faults).toEqual([]);
  });

  test('its socket file removed: alive and unreachable; SIGTERM and a start heal it', async () => {
    await using scratch = await makeScratch();
    const { home, coven, serve } = makeWorld(scratch, binary);
    const daemon = await serve();
    rmSync(join(home, 'coven.sock'));
    expect((await diagnose(home, live)).faults).toEqual(['daemon unreachable fail', 'daemon:socket unlinked fail']);
    daemon.kill('SIGTERM');
    await once(daemon, 'exit');
    expect((await coven('daemon', 'start')).exitCode).toBe(0);
    expect((await diagnose(home, live)).faults).toEqual([]);
  });

  test.each([
    ['its header gone', (path: string) => overwrite(path, 0, 100), 'store:open not-a-database fail'],
    ['its schema damaged', (path: string) => overwrite(path, 100, 400, 0xff), 'store:open malformed fail'],
    ['a page of sessions damaged', (path: string) => damageTable(path, 'sessions'), 'store:integrity corrupt fail'],
  ])('a ledger with %s', async (_, damage, fault) => {
    await using scratch = await makeScratch();
    const { home, coven } = makeWorld(scratch, binary);
    await coven('daemon', 'start');
    await coven('daemon', 'stop');
    const db = new Database(join(home, 'coven.sqlite3'));
    db.pragma('wal_checkpoint(TRUNCATE)');
    db.close();
    damage(join(home, 'coven.sqlite3'));
    // On a busy machine the reading may not end in the time that is allowed by default, and then says so.
    const { faults } = await diagnose(home, { args: ['--timeout', '60'] });
    expect(faults, faults.join('; ')).toContain(fault);
  });

  test('the write lock held by another process', async () => {
    await using scratch = await makeScratch();
    const { home, coven } = makeWorld(scratch, binary);
    await coven('daemon', 'start');
    await coven('daemon', 'stop');
    const db = new Database(join(home, 'coven.sqlite3'));
    db.exec('BEGIN IMMEDIATE');
    expect((await diagnose(home, live)).faults).toEqual([stopped, 'store:open busy fail']);
    db.close();
  });
});
