import { expect, test } from 'vitest';
import { makeGate } from '../../src/bundle/gate.ts';
import { valuesIn } from '../../src/bundle/key-files.ts';
import { vocabulary } from '../../src/bundle/vocabulary.ts';
import { secretsOf } from '../../src/redaction/environment.ts';
import { makeRedactor } from '../../src/redaction/redactor.ts';
import { piecesOf } from '../../src/redaction/templates/pieces.ts';

const gate = () => makeGate({ words: vocabulary(), freeText: false, titles: false });
const at = '[2026-11-01T10:00:00.000000000Z] ';

test.each([
  'startup_checkpoint phase=store-main-lock-acquired elapsed_ms=6 prior_observer_ms=0 interval_us=8',
  'daemon starting pid=15089 socket=<coven-home>/coven.sock',
  'unix connection error: invalid Content-Length header: invalid digit found in string',
  'API handler error for GET /api/v1/sessions: failed to read bounded event candidate: database disk image is malformed: Error code 11: The database disk image is malformed',
  'fork: Resource temporarily unavailable (os error 11)',
  'error: opening the recovery log: Permission denied (os error 13)',
  'recovery: 2 running sessions orphaned, 1 created sessions failed',
])('a message of a known program stays as it is: %s', (message) => {
  expect(gate().log(`${at}${message}\n`)).toBe(`${at}${message}\n`);
  expect(gate().log(message)).toBe(message);
});

test.each([
  ['my password is hunter2hunter2', '‹line:29 chars #1›'],
  ['unix connection error: hunter2hunter2', 'unix connection error: ‹text:14 #1›'],
  ['startup_checkpoint phase=hunter2 elapsed_ms=1', 'startup_checkpoint phase=‹text:7 #1› elapsed_ms=1'],
  [
    'daemon starting pid=1 socket=/home/bob/x/coven.sock',
    'daemon starting pid=1 socket=/home/‹word:3 #1›/‹word:1 #2›/coven.sock',
  ],
  ['row 5 missing from index secret_index', 'row 5 missing from index ‹text:12 #1›'],
  // A name that every Coven has says nothing of this one.
  ['row 5 missing from index idx_events_created_at', 'row 5 missing from index idx_events_created_at'],
  [
    'daemon starting pid=1234567890123 socket=<coven-home>/coven.sock',
    'daemon starting pid=‹digits:13 #1› socket=<coven-home>/coven.sock',
  ],
  ['123456', '‹digits:6 #1›'],
  ['12345', '12345'],
  ['192.168.10.20', '‹text:13 #1›'],
  ['ada@example.com', '‹text:15 #1›'],
  ['02:42:ac:11:00:02', '‹text:17 #1›'],
  ['<hunter2>', '‹text:9 #1›'],
  ['‹word:1234567›', '‹text:14 #1›'],
  ['6f9619ff-8b86-d011-b42d-00cf4fc964ff', '<id-1>'],
])('%s becomes %s', (message, told) => {
  expect(gate().text(message)).toBe(told);
});

test('one unknown line has one number, also where a pid or a count in it differs; another one has another', () => {
  const one = gate();
  const log = one.log(`${at}worker 17 lost job 4\n${at}worker 18 lost job 55\n${at}something else\n`);
  expect(log.split('\n')).toEqual([
    `${at}‹line:20 chars #1›`,
    `${at}‹line:21 chars #1›`,
    `${at}‹line:14 chars #2›`,
    '',
  ]);
  expect(one.used()).toEqual([
    { number: 1, shape: 'line:20 chars', times: 2 },
    { number: 2, shape: 'line:14 chars', times: 1 },
  ]);
});

test('of an answer of the daemon, a key that its contract does not have tells its shape and that of what is below it', () => {
  const body = { ok: true, daemon: { pid: 7 }, hunter: 'x', pin: 123_456, more: { a: 1 }, list: [1, 2] };
  expect(gate().json({ '/api/v1/health': { status: 200, body } }).value).toEqual({
    '/api/v1/health': {
      status: 200,
      body: {
        ok: true,
        daemon: { pid: 7 },
        '‹word:6 #1›': '‹word:1 #2›',
        '‹word:3 #3›': '‹number›',
        '‹word:4 #4›': '‹object:1›',
        '‹word:4 #5›': '‹list:2›',
      },
    },
  });
});

test('pieces are the whole message, and their number grows with it and no faster', () => {
  for (const hostile of ['`', '"', "'", '=', '/', '<', 'a.', ': ', '\u0001n', '‹', '9.', '-', 'T0']) {
    const counts = [500, 1000, 2000, 4000].map((times) => {
      const text = hostile.repeat(times);
      const pieces = piecesOf(text);
      expect(pieces.map((piece) => piece.text).join('')).toBe(text);
      return pieces.length;
    });
    for (const [index, count] of counts.entries())
      if (index > 0) expect(count).toBeLessThanOrEqual(2 * (counts[index - 1] ?? 0) + 2);
  }
});

test('names of fields in keys/ are no secrets, the values beside them are', () => {
  const file = JSON.stringify({
    provider_client_secret: 'Vw9Xc2Bn5Mq8Ra1Td4Ye7',
    nested: { api_key_material: 'kB3nQ9wX' },
  });
  expect(new Set(valuesIn(Buffer.from(file)))).toEqual(new Set(['Vw9Xc2Bn5Mq8Ra1Td4Ye7', 'kB3nQ9wX']));
  const lines = 'provider_client_secret = "Vw9Xc2Bn5Mq8Ra1Td4Ye7"\nexport OTHER_LONG_NAME_1=q7Zt0Kx4VbN2mJ8sLw6R\n';
  expect(valuesIn(Buffer.from(lines))).toEqual(['Vw9Xc2Bn5Mq8Ra1Td4Ye7', 'q7Zt0Kx4VbN2mJ8sLw6R']);
});

test('the folders of a shell are no secrets', () => {
  expect(secretsOf({ PWD: '/home/ada/project', OLDPWD: '/home/ada', DB_PWD: 'kB3nQ9wXkB3n' })).toEqual([
    'kB3nQ9wXkB3n',
  ]);
});

test.each([200, 257, 1000, 3000])('known values of %s bytes that overlap go as one', (length) => {
  const letters = Array.from({ length: 2 * length }, (_, at) => ((at * 7919 + length) % 1296).toString(36)).join('-');
  const [one, other] = [letters.slice(0, length), letters.slice(length - 40, 2 * length - 40)];
  const { redact } = makeRedactor({ knownValues: [one, other] });
  const both = letters.slice(0, 2 * length - 40);
  expect(redact(`before ${both} after`).text).toBe('before [REDACTED] after');
});

test('a line in which a long known value begins everywhere goes whole, in time linear in it', () => {
  const { redact } = makeRedactor({ knownValues: ['a'.repeat(2000)] });
  expect(redact(`x ${'a'.repeat(400_000)}b\ny`).text).toBe('[REDACTED]\ny');
});

test('known values that overlap go as one', () => {
  const { redact } = makeRedactor({ knownValues: ['abcdef-123456', '123456-uvwxyz'] });
  expect(redact('x abcdef-123456-uvwxyz y').text).toBe('x [REDACTED] y');
});
