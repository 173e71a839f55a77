import { existsSync, mkdirSync, readdirSync, readFileSync, readlinkSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { describe, expect, test } from 'vitest';
import { makeWorld, ours, type Running, startDaemon, until } from '../../fixtures/daemon/daemon.ts';
import { makeScratch } from '../../fixtures/scratch.ts';

type Event = Awaited<ReturnType<Running['events']>>[number];
const output = (events: readonly Event[]): string =>
  events
    .filter(({ kind }) => kind === 'output')
    .map(({ payload_json }) => JSON.parse(payload_json).data)
    .join('');
const has = async (daemon: Running, id: string, kind: string): Promise<boolean> =>
  (await daemon.events(id)).some((event) => event.kind === kind);
const says = async (daemon: Running, id: string, text: string): Promise<boolean> =>
  output(await daemon.events(id)).includes(text);
const isAlive = (pid: string): boolean => {
  try {
    return !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
};
const session = async (daemon: Running, id: string): Promise<Record<string, unknown>> =>
  (await daemon.request('GET', `/sessions/${id}`)).body;

test('a session has a terminal of its own and Coven’s markers, and its events are in order', async () => {
  await using scratch = await makeScratch();
  const daemon = await startDaemon(scratch, makeWorld(scratch), ours);
  const id = await daemon.launch('stty -echo; stty size; tty; pwd; read line; echo "got $line"; exit 3');
  await until(() => says(daemon, id, daemon.project));
  const answer = await daemon.request('POST', `/sessions/${id}/input`, { data: 'hello\n' });
  expect(answer).toMatchObject({ status: 202, body: { accepted: true, ok: true } });
  // Acknowledged means committed: the row is there at once.
  expect(await has(daemon, id, 'input')).toBe(true);
  await until(() => has(daemon, id, 'exit'));
  const events = await daemon.events(id);
  expect(output(events)).toMatch(/^24 80\r\n\/dev\/pts\/\d+\r\n.*\r\ngot hello\r\n$/);
  const kinds = events.map(({ kind }) => kind);
  expect(kinds.lastIndexOf('input')).toBeLessThan(kinds.lastIndexOf('output'));
  expect(events.at(-1)).toMatchObject({ kind: 'exit', payload_json: '{"exitCode":3,"status":"failed"}' });
  expect(await session(daemon, id)).toMatchObject({ status: 'failed', exit_code: 3, project_root: daemon.project });
});

test('a harness carries the session’s markers and none of the daemon’s descriptors', async () => {
  await using scratch = await makeScratch();
  const daemon = await startDaemon(scratch, makeWorld(scratch), ours);
  for (const launchMode of ['interactive', 'nonInteractive']) {
    const id = await daemon.launch('echo "pid:$$:"; env | grep ^COVEN_; sleep 60', { launchMode });
    await until(() => says(daemon, id, 'PARTICIPANT'));
    const text = output(await daemon.events(id));
    expect(text).toContain(`COVEN_HOME=${daemon.home}`);
    expect(text).toContain(`COVEN_MAINTENANCE_PARTICIPANT={"id":"daemon-session-${id}","generation":"`);
    const pid = /pid:(\d+):/.exec(text)?.[1] ?? '';
    const fds = readdirSync(`/proc/${pid}/fd`);
    // Its own standard streams are pipes, which node makes of sockets.
    const open = fds.filter((fd) => Number(fd) > 2).map((fd) => readlinkSync(`/proc/${pid}/fd/${fd}`));
    expect(open.filter((target) => target.startsWith(daemon.home) || target.startsWith('socket:'))).toEqual([]);
    // A process group of its own, which a kill ends as a whole.
    const [, , group, leader] = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
    expect([group, leader]).toEqual([pid, pid]);
  }
});

test('a nonInteractive harness gets its prompt on stdin and ends as completed', async () => {
  await using scratch = await makeScratch();
  const daemon = await startDaemon(scratch, makeWorld(scratch), ours);
  const id = await daemon.launch('echo out; echo err >&2; test -t 0 || echo piped', { launchMode: 'nonInteractive' });
  await until(() => has(daemon, id, 'exit'));
  expect(
    output(await daemon.events(id))
      .split('\n')
      .sort(),
  ).toEqual(['', 'err', 'out', 'piped']);
  expect(await session(daemon, id)).toMatchObject({ status: 'completed', exit_code: 0 });
});

test('kill ends the whole process group, even one that ignores SIGHUP, and is recorded', async () => {
  await using scratch = await makeScratch();
  const daemon = await startDaemon(scratch, makeWorld(scratch), ours);
  const id = await daemon.launch('trap \'\' HUP; sleep 600 & echo "pids:$$:$!:"; wait; sleep 600');
  await until(() => says(daemon, id, 'pids:'));
  const [, leader = '', child = ''] = /pids:(\d+):(\d+):/.exec(output(await daemon.events(id))) ?? [];
  expect((await daemon.request('POST', `/sessions/${id}/kill`)).status).toBe(202);
  expect((await daemon.request('POST', `/sessions/${id}/kill`)).body.error.code).toBe('session_not_live');
  await until(() => has(daemon, id, 'exit'));
  await until(() => !isAlive(leader) && !isAlive(child));
  expect((await daemon.events(id)).map(({ kind }) => kind).slice(-2)).toEqual(['kill', 'exit']);
  expect(await session(daemon, id)).toMatchObject({ status: 'killed', exit_code: null });
});

test('a clean stop ends the sessions and records it', async () => {
  await using scratch = await makeScratch();
  const daemon = await startDaemon(scratch, makeWorld(scratch), ours);
  const id = await daemon.launch("trap '' HUP; echo pid:$$:; sleep 600; sleep 600");
  await until(() => says(daemon, id, 'pid:'));
  const pid = /pid:(\d+):/.exec(output(await daemon.events(id)))?.[1] ?? '';
  expect(await daemon.end('SIGTERM')).toBe(0);
  expect(isAlive(pid)).toBe(false);
  const ledger = new Database(join(daemon.home, 'coven.sqlite3'), { readonly: true });
  expect(ledger.prepare('SELECT status FROM sessions').pluck().all()).toEqual(['killed']);
  expect(ledger.prepare("SELECT kind FROM events WHERE kind <> 'output'").pluck().all()).toEqual(['kill', 'exit']);
  ledger.close();
});

describe('launch', () => {
  test.each([
    ['cwd outside', { cwd: '..' }, 'cwd is outside the Coven project root'],
    ['cwd a link to outside', { cwd: 'link' }, 'cwd is outside the Coven project root'],
    ['root relative', { projectRoot: 'project' }, 'failed to resolve projectRoot'],
    ['policy that is not understood', { sessionPolicy: {} }, 'this daemon does not support `sessionPolicy`'],
    ['NUL in the prompt', { prompt: 'a\0b' }, 'prompt contains a NUL character'],
  ])('refuses: %s', async (_name, fields, message) => {
    await using scratch = await makeScratch();
    const daemon = await startDaemon(scratch, makeWorld(scratch), ours);
    symlinkSync('/', join(daemon.project, 'link'));
    const body = { projectRoot: daemon.project, harness: 'codex', prompt: 'exit', ...fields };
    const answer = await daemon.request('POST', '/sessions', body);
    expect(answer).toMatchObject({ status: 400, body: { error: { code: 'invalid_request', message } } });
    expect((await daemon.request('GET', '/sessions')).body).toEqual([]);
  });

  test('takes a cwd inside the project, and passes nothing through a shell', async () => {
    await using scratch = await makeScratch();
    const daemon = await startDaemon(scratch, makeWorld(scratch), ours);
    mkdirSync(join(daemon.project, 'in $(touch side)'));
    const id = await daemon.launch('pwd', { cwd: 'in $(touch side)' });
    await until(() => has(daemon, id, 'exit'));
    expect(output(await daemon.events(id))).toBe(`${join(daemon.project, 'in $(touch side)')}\r\n`);
    expect(existsSync(join(daemon.project, 'side'))).toBe(false);
  });

  test('fails with a reason when the harness is not on PATH', async () => {
    await using scratch = await makeScratch();
    const daemon = await startDaemon(scratch, makeWorld(scratch), ours);
    const body = { projectRoot: daemon.project, harness: 'copilot', prompt: 'x' };
    expect((await daemon.request('POST', '/sessions', body)).body.error.code).toBe('launch_failed');
  });
});

test('secrets are redacted before they are written, split over writes too, and a prompt is still shown', async () => {
  await using scratch = await makeScratch();
  const daemon = await startDaemon(scratch, makeWorld(scratch), ours);
  const secret = 'ghp_abcdefghijklmnopqrstuvwxyz0123456789';
  const id = await daemon.launch(
    'stty -echo; printf "key gh"; sleep 0.4; printf "p_abcdefghijklmnop"; sleep 0.4; echo "qrstuvwxyz0123456789 after"; printf "Password: "; read x; echo; echo end',
  );
  await until(() => says(daemon, id, 'Password: '));
  await daemon.request('POST', `/sessions/${id}/input`, { data: `token=${secret}\n` });
  await until(() => has(daemon, id, 'exit'));
  expect(output(await daemon.events(id))).toBe('key [REDACTED] after\r\nPassword: \r\nend\r\n');
  await daemon.end('SIGTERM');
  expect(readFileSync(join(daemon.home, 'coven.sqlite3')).includes('abcdefghij')).toBe(false);
});

test('while another process holds the ledger, health answers and says pressured; nothing is lost or acknowledged early', async () => {
  await using scratch = await makeScratch();
  const daemon = await startDaemon(scratch, makeWorld(scratch), ours);
  const id = await daemon.launch(
    'stty -echo; echo ready; read go; head -c 4000000 /dev/zero | tr "\\0" x; echo; echo done; sleep 600',
  );
  await until(() => says(daemon, id, 'ready'));
  await daemon.request('POST', `/sessions/${id}/input`, { data: 'go' });
  const other = new Database(join(daemon.home, 'coven.sqlite3'));
  other.exec('BEGIN IMMEDIATE');
  const pending = daemon.request('POST', `/sessions/${id}/input`, { data: '\n' });
  await until(async () => (await daemon.request('GET', '/health')).body.eventWriter.state === 'pressured');
  expect((await daemon.events(id)).filter(({ kind }) => kind === 'input')).toHaveLength(1);
  other.exec('ROLLBACK');
  expect((await pending).status).toBe(202);
  expect((await daemon.events(id)).filter(({ kind }) => kind === 'input')).toHaveLength(2);
  await until(async () => (await daemon.request('GET', '/health')).body.eventWriter.state === 'healthy');

  // Longer than a request is patient: refused, and not done afterwards.
  other.exec('BEGIN IMMEDIATE');
  await until(async () => (await daemon.request('GET', '/health')).body.eventWriter.droppedOutputEvents > 0);
  const refused = await daemon.request('POST', `/sessions/${id}/input`, { data: 'late\n' });
  expect(refused).toMatchObject({ status: 500, body: { error: { code: 'send_input_failed' } } });
  other.exec('ROLLBACK');
  other.close();
  await until(async () => (await daemon.request('GET', '/health')).body.eventWriter.state === 'healthy');
  await until(() => has(daemon, id, 'output_truncated'));
  expect((await daemon.events(id)).filter(({ kind }) => kind === 'input')).toHaveLength(2);
});
