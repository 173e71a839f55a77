import { readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ask, makeWorld, ours, startDaemon, until } from '../../fixtures/daemon/daemon.ts';
import { makeScratch, type Scratch } from '../../fixtures/scratch.ts';

/** Sends bytes and collects everything until the daemon closes. */
async function raw(home: string, bytes: string | Buffer, ends = false): Promise<string> {
  const client = open(home);
  if (ends) client.end(bytes);
  else client.write(bytes);
  return drained(client);
}
function open(home: string): Socket {
  return connect(join(home, 'coven.sock')).on('error', () => undefined);
}
async function drained(client: Socket): Promise<string> {
  let text = '';
  client.on('data', (chunk) => {
    text += chunk;
  });
  await until(() => client.closed);
  return text;
}
const start = async (scratch: Scratch) => startDaemon(scratch, makeWorld(scratch), ours);

test('an answer has exactly the headers of Coven, and a connection carries one request', async () => {
  await using scratch = await makeScratch();
  const { home } = await start(scratch);
  const request = 'GET /api/v1/api-version HTTP/1.1\r\n\r\n';
  expect(await raw(home, request + request)).toBe(
    'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 49\r\nConnection: close\r\n\r\n{"apiVersion":"v1","supportedApiVersions":["v1"]}',
  );
});

test('a client that closes its side after the request gets its answer, as Coven’s own client does', async () => {
  await using scratch = await makeScratch();
  const daemon = await start(scratch);
  const id = await daemon.launch('cat');
  for (const data of ['one\n', 'two\n', 'three\n']) {
    const body = JSON.stringify({ data });
    const request = `POST /sessions/${id}/input HTTP/1.1\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
    expect(await raw(daemon.home, request, true)).toContain('{"accepted":true,"ok":true}');
  }
});

test.each([
  ['no HTTP', 'GARBAGE\r\n\r\n'],
  ['no path', 'GET\r\n\r\n'],
  ['not UTF-8', Buffer.from([0xff, 0xfe, 0x00, 0x0d, 0x0a, 0x0d, 0x0a])],
  ['bad length', 'POST /sessions HTTP/1.1\r\nContent-Length: abc\r\n\r\n'],
  ['two lengths', 'POST /sessions HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab'],
  ['length and chunks', 'POST /sessions HTTP/1.1\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'],
  ['endless line', 'x'.repeat(20_000)],
  ['endless header', `GET / HTTP/1.1\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`],
])('%s is closed without a byte and logged', async (_name, bytes) => {
  await using scratch = await makeScratch();
  const { home, request } = await start(scratch);
  expect(await raw(home, bytes)).toBe('');
  expect((await request('GET', '/health')).status).toBe(200);
  expect(readFileSync(join(home, 'daemon-recovery.log'), 'utf8')).toContain('unix connection error: ');
});

test('a body over 4 MiB is refused, declared or sent', async () => {
  await using scratch = await makeScratch();
  const { home, request } = await start(scratch);
  const refusal = {
    ok: false,
    error: { code: 'payload_too_large', message: 'Request body exceeds 4194304-byte limit.' },
  };
  expect(await raw(home, 'POST /sessions HTTP/1.1\r\nContent-Length: 4194305\r\n\r\n')).toContain(
    JSON.stringify(refusal),
  );
  const chunk = `10000\r\n${'x'.repeat(65_536)}\r\n`;
  const head = 'POST /sessions HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n';
  expect(await raw(home, head + chunk.repeat(65))).toContain(JSON.stringify(refusal));
  expect((await request('POST', '/sessions', ' '.repeat(4_194_304))).body.error.message).toBe(
    'failed to parse request body',
  );
});

test('a request that is sent too slowly is cut off while others are served', async () => {
  await using scratch = await makeScratch();
  const { home, request } = await start(scratch);
  const slow = open(home);
  slow.write('GET /health HTTP/1.1\r\nX: ');
  const dripping = setInterval(() => slow.write('x'), 200);
  const answer = drained(slow);
  expect((await request('GET', '/health')).status).toBe(200);
  expect(await answer).toBe('');
  clearInterval(dripping);
});

test('a sender that leaves in the middle harms nobody', async () => {
  await using scratch = await makeScratch();
  const { home, request } = await start(scratch);
  for (const bytes of ['', 'GET /hea', 'POST /sessions HTTP/1.1\r\nContent-Length: 10\r\n\r\n{']) {
    await raw(home, bytes, true);
    const client = open(home);
    client.write(bytes);
    client.destroy();
  }
  expect((await request('GET', '/health')).status).toBe(200);
});

test('hundreds of silent connections keep nobody from being served', async () => {
  await using scratch = await makeScratch();
  const { home, request } = await start(scratch);
  const silent = Array.from({ length: 300 }, () => open(home));
  scratch.onEnd(() => {
    for (const client of silent) client.destroy();
  });
  await until(() => silent.filter((client) => client.closed).length >= 300 - 64);
  const answers = await Promise.all(Array.from({ length: 50 }, () => request('GET', '/api/v1/sessions?limit=1')));
  expect(answers.every(({ status }) => status === 200)).toBe(true);
});

test('a shutdown needs the identity of this very daemon, and holds the connection until it has gone', async () => {
  await using scratch = await makeScratch();
  const { home, child, request } = await start(scratch);
  const path = '/api/v1/internal/lifecycle/shutdown';
  const daemon = JSON.parse(readFileSync(join(home, 'daemon.json'), 'utf8'));
  for (const other of [{ pid: 1 }, { startedAt: 'x' }, { socket: '/x' }]) {
    const body = { apiVersion: 'coven.daemon.v1', daemon: { ...daemon, ...other } };
    expect(await request('POST', path, body)).toMatchObject({
      status: 409,
      body: { error: { code: 'daemon_identity_mismatch' } },
    });
  }
  expect((await request('POST', '/internal/lifecycle/shutdown', {})).status).toBe(404);
  const body = JSON.stringify({ apiVersion: 'coven.daemon.v1', daemon });
  const answer = await raw(home, `POST ${path} HTTP/1.1\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
  expect(answer).toMatch(/^HTTP\/1.1 202 Accepted\r\n/);
  await until(() => child.exitCode !== null);
  expect(child.exitCode).toBe(0);
  await expect(ask(join(home, 'coven.sock'), 'GET', '/health')).rejects.toThrow('ENOENT');
});

test('a fault of the ledger is an internal error of that request alone', async () => {
  await using scratch = await makeScratch();
  const { home, request } = await start(scratch);
  const { default: Database } = await import('better-sqlite3');
  const other = new Database(join(home, 'coven.sqlite3'));
  other.exec('ALTER TABLE sessions RENAME TO hidden');
  other.close();
  expect(await request('GET', '/sessions')).toMatchObject({
    status: 500,
    body: { error: { code: 'internal_error', message: 'no such table: sessions' }, ok: false },
  });
  expect((await request('GET', '/health')).status).toBe(200);
  expect(readFileSync(join(home, 'daemon-recovery.log'), 'utf8')).toContain('API handler error for GET /sessions: ');
});
