import { mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { expect, test } from 'vitest';
import { cli } from '../../fixtures/diagnose.ts';
import { makeHome } from '../../fixtures/home.ts';
import { makeScratch } from '../../fixtures/scratch.ts';
import { readBundle } from '../../src/bundle/read.ts';
import { recordedHost } from '../../src/host/recorded.ts';
import { noSessions } from '../../src/store/no-sessions.ts';

/** Put together, so that no token stands in this file; `opaque` is one by the name of its variable alone. */
const github = ['ghp', 'A1b2C3d4E5f6G7h8I9j0K1l2M3n4O5p6Q7r8'].join('_');
const opaque = 'Zq8mT4vW7xR2pL9nK3jH6gF1dS5aY0uBcE';
const env = { ACME_TOKEN: opaque };
const parts = [github.slice(0, 10), opaque.slice(0, 10)];
const leaked = (text: string): readonly string[] => parts.filter((part) => text.includes(part));

/** `secret` begins so far before `limit` that a cut there would keep the half of it. */
const across = (limit: number, secret: string): string => `${'x'.repeat(limit - 1 - secret.length / 2)} ${secret}`;

test('what a log says of a failed start is redacted before it is cut, and before it is shown', async () => {
  await using scratch = await makeScratch();
  const home = makeHome(join(scratch.path, 'home'));
  const now = new Date().toISOString();
  const file = join(scratch.path, 'x.zip');
  for (const secret of [github, opaque, across(193, opaque)]) {
    writeFileSync(
      join(home, 'daemon-recovery.log'),
      `[${now}] startup_checkpoint phase=daemon-store-begin elapsed_ms=1\n[${now}] error: ${secret} is wrong\n`,
    );
    const run = await cli(['--home', home, '--only', 'daemon:log', '--json'], { env });
    expect(run.stdout).toContain('start-incomplete');
    expect(leaked(run.stdout)).toEqual([]);
  }
  expect((await cli(['bundle', '--home', home, '-o', file], { env })).exitCode).toBe(0);
  for (const [name, bytes] of await readBundle(file)) expect([name, ...leaked(bytes.toString())]).toEqual([name]);
});

test('what a daemon says in its own words is redacted before it is cut, and before it is shown', async () => {
  await using scratch = await makeScratch();
  const home = makeHome(join(scratch.path, 'home'));
  let answer: object = {};
  let status = 200;
  const server = createServer((_, response) => {
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(answer));
  });
  await new Promise<void>((resolve) => server.listen(join(home, 'coven.sock'), resolve));
  scratch.onEnd(async () => void server.close());
  const daemon = { pid: process.pid, startedAt: new Date().toISOString(), socket: join(home, 'coven.sock') };
  for (const secret of [github, across(200, opaque)]) {
    status = 200;
    const storage = { status: 'warning', lastMaintenanceError: secret };
    answer = { ok: true, apiVersion: 'coven.daemon.v1', daemon, storage };
    const warned = await cli(['--home', home, '--json'], { env });
    expect(warned.stdout).toContain('daemon:health');
    expect(leaked(warned.stdout)).toEqual([]);
    status = 500;
    answer = { error: { code: secret } };
    expect(leaked((await cli(['--home', home, '--json'], { env })).stdout)).toEqual([]);
  }
});

test('a statement of the schema that is too long is not told: a part of it could be that of a secret', async () => {
  await using scratch = await makeScratch();
  const home = makeHome(join(scratch.path, 'home'));
  const db = new Database(join(home, 'coven.sqlite3'));
  const head = 'CREATE TABLE notes (a TEXT /* ';
  db.exec(`${head}${across(8192 - head.length, opaque)} */)`);
  db.close();
  const file = join(scratch.path, 'x.zip');
  expect((await cli(['bundle', '--home', home, '-o', file], { env })).exitCode).toBe(0);
  const store = String((await readBundle(file)).get('store.json'));
  expect(leaked(store)).toEqual([]);
  expect(JSON.parse(store).schema).toContainEqual({
    type: 'table',
    name: 'notes',
    table: 'notes',
    sql: '‹text:8213›',
  });
});

test('the reasons of suppressions are redacted as the rest of a bundle is, and a folder of any name may be beside it', async () => {
  await using scratch = await makeScratch();
  const home = makeHome(join(scratch.path, 'home'));
  const out = join(scratch.path, 'out');
  mkdirSync(join(out, 'bundle'), { recursive: true });
  const reason = `known: ${github} and ${opaque}`;
  writeFileSync(
    join(out, '.coven-doctor.toml'),
    `[[suppress]]\ncheck = "daemon"\nreason = "${reason}"\nexpires = 9999-12-31\n`,
  );
  const run = await cli(['--home', home, '--bundle', '--json'], { env, cwd: out });
  expect({ exitCode: run.exitCode, told: run.stderr.startsWith('Bundle ') }).toEqual({ exitCode: 0, told: true });
  const [file = ''] = readdirSync(out).filter((name) => name.endsWith('.zip'));
  const members = await readBundle(join(out, file));
  expect(JSON.stringify(JSON.parse(String(members.get('report.json'))))).toMatch(/"reason":"‹line:\d+ chars #\d+›"/);
  for (const [name, bytes] of members) expect([name, ...leaked(bytes.toString())]).toEqual([name]);
});

test('an analysis writes nothing into the home of its own machine', async () => {
  await using scratch = await makeScratch();
  const home = makeHome(join(scratch.path, 'home'));
  const file = join(scratch.path, 'x.zip');
  expect((await cli(['bundle', '--home', home, '-o', file])).exitCode).toBe(0);
  const before = readdirSync(home);
  const run = await cli(['analyze', file, '--output', `json=${join(home, 'x.json')}`], { env: { COVEN_HOME: home } });
  expect({ exitCode: run.exitCode, stdout: run.stdout }).toEqual({ exitCode: 2, stdout: '' });
  expect(readdirSync(home)).toEqual(before);
});

test('what of keys/ is not looked for is told: symlinks and folders hold keys, too', async () => {
  await using scratch = await makeScratch();
  const home = makeHome(join(scratch.path, 'home'));
  mkdirSync(join(home, 'keys', 'folder'), { recursive: true, mode: 0o700 });
  symlinkSync(scratch.path, join(home, 'keys', 'link'));
  const { stdout } = await cli(['bundle', '--home', home, '--estimate']);
  expect(stdout).toContain('Omitted: search for what 2 entries of keys/ hold');
});

test('lists that are held against each other are short', async () => {
  const look = async (count: number): Promise<boolean> => {
    const sessions = Array.from({ length: count }, (_, index) => ({
      id: `${index}`,
      status: 'running',
      harness: 'codex',
      createdAt: '',
      updatedAt: '',
      external: false,
    }));
    const value = { ...noSessions, outcome: 'read', code: null, open: sessions, looks: 1 };
    const host = recordedHost([{ key: 'store.sessions', at: '', ms: 1, ok: true, value }]);
    return (await host.observe('store.sessions')).ok;
  };
  expect([await look(500), await look(501)]).toEqual([true, false]);
});
