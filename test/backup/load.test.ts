import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { expect, test, vi } from 'vitest';
import { backUp } from '../../fixtures/backup.ts';
import { makeWorld, ours, startDaemon, until } from '../../fixtures/daemon/daemon.ts';
import { makeHome } from '../../fixtures/home.ts';
import { findRealCoven, makeWorld as makeRealWorld } from '../../fixtures/real-coven.ts';
import { makeScratch, type Scratch } from '../../fixtures/scratch.ts';
import { removeBackup } from '../../src/backup/retention.ts';
import { names } from '../../src/coven/layout.ts';

// Each backup is proven, with several processes of its own.
vi.setConfig({ testTimeout: 900_000 });

const backups = Number(process.env.COVEN_DOCTOR_BACKUPS ?? 20);
const real = findRealCoven();
if ('why' in real) console.log(`no backup beside a daemon of the real Coven: ${real.why}`);

/** Transactions of a session and two events each, some hundred a second; now and then all is brought into the main file. */
const writerSource = `
  const Database = require('better-sqlite3');
  const db = new Database(process.argv[1]);
  const session = db.prepare("INSERT INTO sessions (id, project_root, harness, title, status, created_at, updated_at) VALUES (?, '/p', 'codex', 't', 'running', 'x', 'x')");
  const event = db.prepare("INSERT INTO events (id, session_id, kind, payload_json, created_at) VALUES (?, ?, 'output', ?, 'x')");
  const write = db.transaction((n) => {
    session.run('w' + n);
    event.run('w' + n + 'a', 'w' + n, 'x'.repeat(800));
    event.run('w' + n + 'b', 'w' + n, 'x'.repeat(800));
  });
  let n = 0;
  setInterval(() => {
    write(n++);
    if (n % 50 === 0) db.pragma('wal_checkpoint(TRUNCATE)');
  }, 5);
`;

function startWriter(scratch: Scratch, ledger: string): ChildProcess {
  const child = spawn(process.execPath, ['-e', writerSource, ledger], { stdio: 'ignore' });
  scratch.onEnd(async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
  });
  return child;
}

test(`${backups} backups beside a writer are proven and sound, each of one state of the ledger`, async () => {
  await using scratch = await makeScratch();
  const home = makeHome(join(scratch.path, 'home'), { rows: [{ id: 's', status: 'running' }], events: 2 });
  const ledger = join(home, names.ledger);
  const writer = startWriter(scratch, ledger);
  await until(() => statSync(`${ledger}-wal`, { throwIfNoEntry: false })?.size !== undefined);
  const ways: string[] = [];
  let last = 0;
  for (let count = 0; count < backups; count += 1) {
    const { proof, manifest, path } = await backUp(home);
    ways.push(manifest.ledgers[0]?.way ?? 'none');
    expect(proof.sound).toBe(true);
    const { sessions, events } = proof.rows;
    // A session and its two events are one transaction: a torn copy has one without the other.
    expect(events).toBe(2 * Number(sessions));
    expect(Number(sessions)).toBeGreaterThanOrEqual(last);
    last = Number(sessions);
    removeBackup(path);
  }
  expect(writer.exitCode).toBeNull();
  expect(last).toBeGreaterThan(1);
  console.log(
    `backups beside a writer: ${backups}, snapshots ${ways.filter((way) => way === 'snapshot').length}, damaged 0`,
  );
});

test('beside the minimal daemon with a session that writes', async () => {
  await using scratch = await makeScratch();
  const world = makeWorld(scratch);
  const daemon = await startDaemon(scratch, world, ours);
  const id = await daemon.launch('while :; do echo line; sleep 0.01; done');
  await until(async () => (await daemon.events(id)).length > 3);
  const { proof, manifest } = await backUp(world.home);
  expect(proof).toMatchObject({ sound: true, rows: { sessions: 1 } });
  expect(manifest.entries.find(({ path }) => path === names.socket)?.kind).toBe('socket');
  const after = await daemon.events(id);
  expect(after.length).toBeGreaterThan(3);
  await daemon.end('SIGTERM');
});

test.skipIf('why' in real)(
  'beside a daemon of the real Coven with a session that writes, and after its stop',
  async () => {
    await using scratch = await makeScratch();
    const world = makeRealWorld(scratch, 'path' in real ? real.path : '', { chatty: true });
    await world.serve();
    await world.launch();
    const live = await backUp(world.home);
    expect(live.proof).toMatchObject({ sound: true, rows: { sessions: 1 } });
    world.endHarnesses();
    await world.coven('daemon', 'stop');
    const stopped = await backUp(world.home);
    expect(stopped.manifest.ledgers[0]?.way).toBe('raw');
    expect(stopped.proof.sound).toBe(true);
    expect(stopped.proof.rows.events).toBeGreaterThanOrEqual(Number(live.proof.rows.events));
    const ledger = new Database(join(stopped.path, 'files', names.ledger), { readonly: true });
    expect(ledger.pragma('integrity_check', { simple: true })).toBe('ok');
    ledger.close();
  },
);
