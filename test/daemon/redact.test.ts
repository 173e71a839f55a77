import { expect, test } from 'vitest';
import { seeded } from '../../fixtures/daemon/seeded.ts';
import { createRedactor, redact } from '../../src/daemon/redact.ts';

const secret = 'Zq8vK3mT7xW2pL9cR4nB6yD1';
const pem = `-----BEGIN RSA PRIVATE KEY-----\n${secret}\n${secret}\n-----END RSA PRIVATE KEY-----`;

const samples: readonly string[] = [
  `Authorization: Bearer ${secret}`,
  `authorization: Basic ${secret}`,
  `Cookie: a=1; session=${secret}`,
  `Set-Cookie: ${secret}; Path=/`,
  `OPENAI_API_KEY=${secret}`,
  `my_token: ${secret}`,
  `"client_secret": "${secret} with blanks"`,
  `db-password = '${secret} x'`,
  `sk-ant-${secret}`,
  `sk-${secret}`,
  ...[...'pousr'].map((kind) => `gh${kind}_${secret}`),
  `github_pat_${secret}`,
  `https://gateway.example/${secret}`,
  `http://x.internal/${secret}`,
  `http://example.org/?token=${secret}&x=1`,
  `/path?a=1&access_token=${secret}#f`,
  pem,
];

test.each(samples)('redacts %s', (sample) => {
  const redacted = redact(`before ${sample} after`);
  expect(redacted).not.toContain(secret);
  expect(redacted).toContain('[REDACTED]');
  expect(redact(redacted)).toBe(redacted);
});

test('leaves what is no secret', () => {
  const text =
    'tokens: 12, a secretary, password\nnext line, https://example.org/path?a=1, sk-short, -----BEGIN CERTIFICATE-----';
  expect(redact(text)).toBe(text);
});

test('no secret comes through however the stream is split and wherever it rests', () => {
  const random = seeded(20261124);
  for (let round = 0; round < 400; round += 1) {
    const text = Array.from({ length: 4 }, () => `noise ${samples[random(samples.length)]}\nmore `).join('');
    const { push, rest, end } = createRedactor();
    let out = '';
    for (let at = 0; at < text.length; ) {
      const length = 1 + random(40);
      out += push(text.slice(at, at + length));
      if (random(3) === 0) out += rest();
      at += length;
    }
    out += end();
    // Six characters of it would already help somebody.
    for (let at = 0; at + 6 <= secret.length; at += 1) expect(out).not.toContain(secret.slice(at, at + 6));
    expect(out.match(/noise/g)).toHaveLength(4);
  }
});

test('a stream without secrets comes through whole, and at once when it rests', () => {
  const text = 'plain \u001b[1mtext\u001b[0m with words\r\nand a prompt$ ';
  const { push, rest } = createRedactor();
  expect([...text].map((character) => push(character)).join('') + rest()).toBe(text);
});

test('what comes before a secret is shown while it may still grow', () => {
  const { push, rest, end } = createRedactor();
  expect(push('Password: ') + rest()).toBe('Password: ');
  expect(push('hunter') + rest()).toBe('');
  expect(push('2\n')).toBe('[REDACTED]\n');
  expect(end()).toBe('');
});

test('a secret longer than what is held back is dropped to its end', () => {
  const { push, end } = createRedactor();
  const long = secret.repeat(2000);
  let out = '';
  for (const text of [`x token=${long}`, long, `${secret}\nvisible\n`]) out += push(text);
  expect(out + end()).toBe('x [REDACTED]\nvisible\n');
  const block = createRedactor();
  out = block.push(`a ${pem.slice(0, 40)}`) + block.push(`${long}\n`.repeat(2));
  out += block.push('-----END RSA PRI') + block.push('VATE KEY-----\nb\n');
  expect(out + block.end()).toMatch(/^a \[REDACTED\].*\nb\n$/);
  expect(out).not.toContain(secret);
});

test('hostile text costs no more than its length', () => {
  for (const unit of [
    'a-',
    'token',
    'token=',
    'https://',
    '-----BEGIN ',
    'cookie: ',
    '"',
    'authorization: bearer ',
    'sk-',
  ]) {
    const { push, end } = createRedactor();
    const chunk = unit.repeat(Math.ceil(65_536 / unit.length));
    expect(typeof (push(chunk) + push(chunk) + end())).toBe('string');
  }
});
