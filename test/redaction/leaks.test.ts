// Secrets that other tools let through, by the issue that tells of it, and texts that they destroyed.
import { expect, test } from 'vitest';
import { makeRedactor } from '../../src/redaction/redactor.ts';

const redactor = makeRedactor({});
const redact = (text: string): string => redactor.redact(text).text;
/** Put together, so that no token stands in this file. */
const github = ['ghp', 'A1b2C3d4E5f6G7h8I9j0K1l2M3n4O5p6Q7r8'].join('_');
const openai = ['sk', 'proj', 'Ab3_Cd4-Ef5Gh6Ij7Kl8Mn9Op0Qr1St2Uv3Wx4Yz5'].join('-');
const jwt = ['eyJhbGciOiJIUzI1NiJ9', 'eyJzdWIiOiIxMjM0NTY3ODkwIn0', 'dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U'].join(
  '.',
);
const x = '[REDACTED]';

test.each([
  // sosreport/sos#3462, #3465, hashicorp/nomad#28063: the tool's own command line
  [`coven-doctor bundle --token ${github} -o x.zip`, `coven-doctor bundle --token ${x} -o x.zip`],
  [`{"argv":["nomad","debug","-token","7d4e5a6b-1111"]}`, `{"argv":["nomad","debug","-token","${x}"]}`],
  // sosreport/sos#3266: a value with spaces
  ['bind_password = my secret pass phrase', `bind_password = ${x}`],
  ['  password: correct horse battery', `  password: ${x}`],
  // sosreport/sos#3713: a Python dict in a log
  ["conf: {'user': 'a', 'password': 'p4$$ w0rd', 'port': 1}", `conf: {'user': 'a', 'password': '${x}', 'port': 1}`],
  ["{u'admin_token': u'ADMIN-7'}", `{u'admin_token': u'${x}'}`],
  // sosreport/sos#3365, #2564: other names for it
  ['auth_pass secretive9\nrequirepass hunter2', `auth_pass ${x}\nrequirepass ${x}`],
  ['proxy=http://joe:s3cr3t@proxy.example:3128/', `proxy=http://${x}@proxy.example:3128/`],
  // openclaw/openclaw#106720: JSON in strings of JSON
  [
    JSON.stringify({ a: JSON.stringify({ b: JSON.stringify({ apiKey: 'x"y\\z' }) }) }),
    JSON.stringify({ a: JSON.stringify({ b: JSON.stringify({ apiKey: x }) }) }),
  ],
  // openclaw/openclaw#133535: a prefix was printed
  [`using key ${openai}`, `using key ${x}`],
  // openclaw/crabbox#1028: refresh_token and its like
  ['{"refresh_token":"1//0abc","id_token":"abc.def"}', `{"refresh_token":"${x}","id_token":"${x}"}`],
  // openclaw/crabbox#936: `Bearer:` and folded lines
  [`Bearer: ${jwt}`, `Bearer: ${x}`],
  ['Authorization: Bearer\n abc123def456ghi789\nHost: x', `Authorization: Bearer\n ${x}\nHost: x`],
  ['Authorization: Bearer abc123def456\n  ghi789jkl012\nHost: x', `Authorization: Bearer ${x}\n  ${x}\nHost: x`],
  // a secret in base64 that begins like a path
  ['{"auth":"/aB3dE5fG7hI9jK1lM3nO5pQ7rS9tU1vW3xY5zA7"}', `{"auth":"${x}"}`],
  // openclaw/crabbox#974: a suffix was left
  ['token=abc+def/ghi=~jkl', `token=${x}`],
  ['password=[REDACTED]rest', `password=${x}`],
])('%j', (text, expected) => {
  expect(redact(text)).toBe(expected);
  expect(redact(expected)).toBe(expected);
});

test('a key in PEM goes whole, over lines, escaped on one line, and cut off at either end', () => {
  const body = 'MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7VJTUt9Us8cKj';
  const [head, tail] = ['-----BEGIN RSA PRIVATE ', '-----END RSA PRIVATE '].map((text) => `${text}KEY-----`);
  expect(redact(`a\n${head}\n${body}\n${body}\nQ==\n${tail}\nb`)).toBe(`a\n${x}\n\n\n\n\nb`);
  expect(redact(`{"k":"${head}\\n${body}\\n${tail}\\n","n":1}`)).toBe(`{"k":"${x}\\n","n":1}`);
  expect(redact(`${head}\n${body}\nready to serve\n`)).toBe(`${x}\n\nready to serve\n`);
  const cut = redactor.bytes({ start: true });
  expect(`${cut.push(Buffer.from(`rest of a line\n${body}\n${body}\n${tail}\nready\n`))}${cut.end()}`).toBe(
    `${x}\n${x}\n${x}\nready\n`,
  );
});

test.each([
  'rbac.authorization.k8s.io/autoupdate: "true"', // replicatedhq/replicated-docs#662
  'The token expired; a password is required.',
  'password: required',
  'Unexpected token: }',
  '{"max_tokens":4096,"usage":{"input_tokens":17},"tokens":12}',
  '{"token":null,"password":"","secret":false}',
  'commit 3f786850e387550fdab836ed7e6dc881de23001b',
  'sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08',
  'session 446086b2-5d1f-4a8e-9f0d-1c2b3a4d5e6f is running',
  'src/auth/token.ts:12:5 - error TS2322',
  '  const token = await session.refreshToken();',
  'PWD=/srv/app',
  'ssh://git@example.org/a/b.git',
  'GET /v1/items?page=2&sort=key 200',
])('%j stays', (text) => {
  expect(redact(text)).toBe(text);
});

test('private addresses go whole, as in Coven', () => {
  expect(redact('POST https://llm-gateway.example/v1 and https://example.org/a')).toBe(
    `POST ${x} and https://example.org/a`,
  );
});
