import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { execa } from 'execa';
import { describe, expect, test } from 'vitest';
import {
  failToStart,
  makeWorld,
  ours,
  type Running,
  startDaemon,
  until,
  type World,
} from '../../fixtures/daemon/daemon.ts';
import { findRealCoven } from '../../fixtures/real-coven.ts';
import { makeScratch, type Scratch } from '../../fixtures/scratch.ts';

const real = findRealCoven();
if ('why' in real) console.log(`no interop with the real Coven: ${real.why}`);
const binary = 'path' in real ? real.path : '';

async function coven({ env, project }: World, ...args: readonly string[]) {
  const { stdout, stderr, exitCode } = await execa(binary, args, {
    env,
    extendEnv: false,
    cwd: project,
    reject: false,
    stdin: 'ignore',
  });
  return { stdout, stderr, exitCode };
}

const says = async (daemon: Running, id: string, text: string): Promise<boolean> =>
  JSON.stringify(await daemon.events(id)).includes(text);
const ended = async (daemon: Running, id: string): Promise<boolean> =>
  (await daemon.events(id)).some(({ kind }) => kind === 'exit');
const start = (scratch: Scratch): Promise<Running> => startDaemon(scratch, makeWorld(scratch), ours);

describe.skipIf('why' in real)('the real coven against our daemon', () => {
  test('status, start and doctor call it running', async () => {
    await using scratch = await makeScratch();
    const daemon = await start(scratch);
    const status = JSON.parse((await coven(daemon, 'daemon', 'status', '--json')).stdout);
    expect(status).toMatchObject({ ok: true, status: 'running', pid: daemon.child.pid });
    expect((await coven(daemon, 'daemon', 'start')).stdout).toContain(`running (pid ${daemon.child.pid},`);
    const { checks } = JSON.parse((await coven(daemon, 'doctor', '--json')).stdout);
    expect(checks.find(({ id }: { id: string }) => id === 'daemon')).toMatchObject({
      status: 'pass',
      message: `running (pid ${daemon.child.pid}, socket <daemon-socket>)`,
    });
    expect((await coven(daemon, 'status', '--json')).exitCode).toBe(0);
  });

  test('sessions, attach and kill work on its sessions', async () => {
    await using scratch = await makeScratch();
    const daemon = await start(scratch);
    const id = await daemon.launch('stty -echo; echo ready; read line; echo "got $line"; cat');
    await until(() => says(daemon, id, 'ready'));
    const listed = JSON.parse((await coven(daemon, 'sessions', '--json')).stdout).sessions;
    expect(listed).toMatchObject([{ id, status: 'running', title: 't' }]);

    // Off a terminal Coven's attach follows the output, and passes no input on.
    const attached = spawn(binary, ['attach', id], { env: daemon.env, stdio: ['ignore', 'pipe', 'ignore'] });
    scratch.onEnd(() => void attached.kill('SIGKILL'));
    let shown = '';
    attached.stdout.on('data', (chunk) => {
      shown += chunk;
    });
    await until(() => shown.includes('ready'));
    await daemon.request('POST', `/sessions/${id}/input`, { data: 'typed\n' });
    await until(() => shown.includes('got typed'));

    const killed = await coven(daemon, 'kill', id);
    expect(killed).toMatchObject({ exitCode: 0, stdout: expect.stringContaining(`killed session ${id}`) });
    await until(() => ended(daemon, id));
    expect((await coven(daemon, 'archive', id)).exitCode).toBe(0);
    expect((await daemon.request('GET', '/sessions')).body).toEqual([]);
  });

  test('daemon stop and restart end it cleanly', async () => {
    await using scratch = await makeScratch();
    const daemon = await start(scratch);
    expect(await coven(daemon, 'daemon', 'stop')).toMatchObject({ exitCode: 0, stdout: 'Coven daemon: stopped' });
    await until(() => daemon.child.exitCode !== null);
    expect(daemon.child.exitCode).toBe(0);
    expect(existsSync(join(daemon.home, 'coven.sock'))).toBe(false);
    expect((await coven(daemon, 'daemon', 'status', '--json')).stdout).toContain('"stopped"');
  });

  test('neither daemon starts beside the other', async () => {
    await using scratch = await makeScratch();
    const our = await start(scratch);
    expect((await failToStart(scratch, our, [binary])).stderr).toContain('another Coven daemon is already serving');
    await our.end('SIGTERM');
    const their = await startDaemon(scratch, our, [binary]);
    expect((await failToStart(scratch, their, ours)).stderr).toContain('another Coven daemon is already serving');
  });

  test('what kill -9 of ours leaves is cleared by the real status and orphaned by the real start', async () => {
    await using scratch = await makeScratch();
    const our = await start(scratch);
    const id = await our.launch('echo ready; cat');
    await until(() => says(our, id, 'ready'));
    await our.end('SIGKILL');
    expect((await coven(our, 'daemon', 'status', '--json')).stdout).toContain('"stopped"');
    const their = await startDaemon(scratch, our, [binary]);
    expect((await their.request('GET', `/sessions/${id}`)).body.status).toBe('orphaned');
  });
});

describe.skipIf('why' in real)('a home passed back and forth', () => {
  /** Every row of the tables that both know, and how many rows the others have. */
  function rowsOf(home: string): Record<string, unknown> {
    const ledger = new Database(join(home, 'coven.sqlite3'), { readonly: true });
    const rows: Record<string, unknown> = {};
    const tables = ledger.prepare("SELECT name FROM sqlite_master WHERE type = 'table'").pluck().all() as string[];
    for (const table of tables.filter((name) => !name.startsWith('events_fts')))
      rows[table] = ['sessions', 'events'].includes(table)
        ? ledger.prepare(`SELECT rowid AS seq, * FROM ${table} ORDER BY rowid`).all()
        : ledger.prepare(`SELECT count(*) FROM "${table}"`).pluck().get();
    expect(ledger.pragma('integrity_check', { simple: true })).toBe('ok');
    ledger.prepare("SELECT count(*) FROM events_fts WHERE events_fts MATCH 'word'").get();
    ledger.close();
    return rows;
  }
  async function work(daemon: Running): Promise<void> {
    for (const launchMode of ['interactive', 'nonInteractive']) {
      const id = await daemon.launch('echo a word; sleep 0.3; exit 2', { launchMode });
      await until(() => ended(daemon, id));
    }
  }

  test('keeps every row, whoever writes', async () => {
    await using scratch = await makeScratch();
    const world = makeWorld(scratch);
    let before: Record<string, unknown> = { sessions: [], events: [] };
    for (const serving of [ours, [binary] as const, ours, [binary] as const, ours]) {
      const daemon = await startDaemon(scratch, world, serving);
      await work(daemon);
      expect(await daemon.end('SIGTERM')).toBe(0);
      const after = rowsOf(world.home);
      for (const table of ['sessions', 'events'] as const) {
        const kept = before[table] as readonly unknown[];
        expect((after[table] as readonly unknown[]).slice(0, kept.length)).toEqual(kept);
        expect((after[table] as readonly unknown[]).length).toBeGreaterThan(kept.length);
      }
      if (serving === ours)
        for (const [table, count] of Object.entries(before))
          if (typeof count === 'number') expect([table, after[table]]).toEqual([table, count]);
      before = after;
    }
    const { exitCode, stdout } = await coven(world, 'vacuum');
    expect([exitCode, stdout]).toEqual([0, expect.stringContaining('integrity ok')]);
    expect((rowsOf(world.home).events as readonly unknown[]).length).toBe((before.events as readonly unknown[]).length);
  });

  test('a ledger of the real Coven opens here, and the real one reads it while ours serves', async () => {
    await using scratch = await makeScratch();
    const world = makeWorld(scratch);
    await coven(world, 'run', 'codex', 'exit 0');
    const daemon = await startDaemon(scratch, world, ours);
    const [row] = (await daemon.request('GET', '/sessions')).body;
    expect(row).toMatchObject({ harness: 'codex', project_root: world.project });
    const id = await daemon.launch('echo a word');
    await until(() => ended(daemon, id));
    expect(JSON.parse((await coven(world, 'sessions', '--json')).stdout).sessions).toHaveLength(2);
    expect((await coven(world, 'run', 'codex', 'exit 0')).exitCode).toBe(0);
    expect((await daemon.request('GET', '/sessions')).body).toHaveLength(3);
  });
});
