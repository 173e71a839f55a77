import {
  closeSync,
  existsSync,
  fstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { execa } from 'execa';
import { expect, test } from 'vitest';
import { failToStart, makeWorld, ours, startDaemon, until } from '../../fixtures/daemon/daemon.ts';
import { endProcesses } from '../../fixtures/real-coven.ts';
import { makeScratch } from '../../fixtures/scratch.ts';
import { openLog } from '../../src/daemon/log.ts';

test.each(['interactive', 'nonInteractive'])(
  'a launch (%s) that meets a stop leaves no harness',
  async (launchMode) => {
    await using scratch = await makeScratch();
    const world = makeWorld(scratch);
    const daemon = await startDaemon(scratch, world, ours);
    scratch.onEnd(() => void endProcesses(world.home));
    const ledger = new Database(join(world.home, 'coven.sqlite3'));
    ledger.exec('BEGIN IMMEDIATE');
    const began = join(scratch.path, 'began');
    const launching = daemon.launch(`echo x >'${began}'; trap '' HUP; sleep 60`, { launchMode }).catch(() => null);
    await until(async () => (await daemon.request('GET', '/health')).body.eventWriter.queuedEvents > 0);
    daemon.child.kill('SIGTERM');
    await until(() => !existsSync(join(world.home, 'coven.sock')) || daemon.child.exitCode !== null || stopping());
    ledger.exec('ROLLBACK');
    await until(() => daemon.child.exitCode !== null);
    await launching;
    const rows = ledger.prepare('SELECT status FROM sessions').pluck().all();
    ledger.close();
    expect([rows, existsSync(began)]).toEqual([['failed'], false]);

    /** The server takes no more connections from the moment that it stops. */
    async function stopping(): Promise<boolean> {
      return daemon.request('GET', '/health').then(
        () => false,
        () => true,
      );
    }
  },
);

test('a SIGTERM that comes while the daemon is still being loaded stops it', async () => {
  await using scratch = await makeScratch();
  const world = makeWorld(scratch);
  const early = `data:text/javascript,process.on('newListener',function on(name){if(name!=='SIGTERM')return;process.off('newListener',on);setImmediate(()=>process.kill(process.pid,name))})`;
  const [file, ...before] = ours;
  const { exitCode } = await execa(file, ['--import', early, ...before, 'daemon', 'serve'], {
    env: world.env,
    reject: false,
    timeout: 20_000,
    killSignal: 'SIGKILL',
  });
  expect(exitCode).toBe(0);
  expect(readFileSync(join(world.home, 'daemon-recovery.log'), 'utf8')).toMatch(/daemon stopping .* reason=SIGTERM\n$/);
});

test('a record that cannot be put in its place leaves nothing beside it', async () => {
  await using scratch = await makeScratch();
  const world = makeWorld(scratch);
  mkdirSync(join(world.home, 'daemon.json'), { recursive: true });
  const { code, stderr } = await failToStart(scratch, world, ours);
  expect([code, stderr]).toEqual([1, expect.stringContaining('Error: writing daemon.json: ')]);
  expect(readdirSync(world.home).filter((name) => /^\.|sock$/.test(name))).toEqual([]);
});

test('a log that cannot be rotated is never written into another file', async () => {
  await using scratch = await makeScratch();
  const home = join(scratch.path, 'home');
  mkdirSync(home);
  const path = join(home, 'daemon-recovery.log');
  writeFileSync(path, 'x'.repeat(4 * 1024 ** 2), { mode: 0o600 });
  for (const number of [1, 2, 3]) writeFileSync(`${path}.${number}`, `${number}`);
  const log = openLog(home);
  log.rotateWhenFull();
  renameSync(home, `${home}-gone`);
  log.line('rotates');
  const other = openSync(join(scratch.path, 'other'), 'w+');
  log.line('written where?');
  expect(fstatSync(other).size).toBe(0);
  closeSync(other);
  log.close();
  const kept = ['', '.1', '.2', '.3'].map((suffix) => `${home}-gone/daemon-recovery.log${suffix}`);
  expect(kept.slice(1).map((file) => readFileSync(file, 'utf8'))).toEqual(['1', '2', '3']);
  expect(readFileSync(kept[0] ?? '', 'utf8')).toContain('written where?');
});
