import { pipeline } from 'node:stream/promises';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { secretSamples } from '../../fixtures/redaction/corpus.ts';
import { compilePatterns } from '../../src/redaction/patterns.ts';
import { makeRedactor, type Redactor } from '../../src/redaction/redactor.ts';
import { longestLine } from '../../src/redaction/stream.ts';
import { makeTokens } from '../../src/redaction/tokens.ts';

const x = '[REDACTED]';
const redactor = makeRedactor({});
const seed = Number(process.env.COVEN_DOCTOR_SEED ?? 11);

/** `bytes` through a stream, in chunks that end at `cuts`. */
function inChunks(bytes: Buffer, cuts: readonly number[], from: Redactor = redactor): string {
  const { push, end } = from.bytes();
  const ends = [...cuts.map((cut) => Math.min(cut, bytes.length)), bytes.length].toSorted((one, other) => one - other);
  const out = ends.map((to, index) => push(bytes.subarray(ends[index - 1] ?? 0, to)));
  return Buffer.concat([...out, end()]).toString('latin1');
}

test('a chunk border changes nothing, wherever it is', () => {
  const bytes = Buffer.concat([...secretSamples(seed, 60)].map((sample) => sample.bytes)).subarray(0, 2500);
  const whole = inChunks(bytes, []);
  for (let cut = 0; cut <= bytes.length; cut += 1) expect(inChunks(bytes, [cut])).toBe(whole);
  expect(inChunks(bytes, [...bytes.keys()])).toBe(whole);
  expect(Buffer.from(whole, 'latin1').toString()).toBe(redactor.redact(bytes.toString()).text);
});

test('a stream gives the same bytes and counts what it removed', async () => {
  const { stream, counts } = redactor.transform();
  const out: Buffer[] = [];
  await pipeline([Buffer.from('DB_PASS'), Buffer.from('WORD=hunter2\nok\n')], stream, async (source) => {
    for await (const chunk of source) out.push(chunk);
  });
  expect([Buffer.concat(out).toString(), counts]).toEqual([`DB_PASSWORD=${x}\nok\n`, { 'named-value': 1 }]);
});

test('bad UTF-8 and control bytes pass as they are, and hide nothing', () => {
  const bytes = Buffer.concat([
    Buffer.from([0xff, 0xc3, 0x28, 0, 0x0d, 0x0a]),
    Buffer.from('password=a1b2c3\xff\n', 'latin1'),
  ]);
  expect(inChunks(bytes, [3])).toBe(`\xff\xc3(\0\r\npassword=${x}\n`);
});

test('a line that is too long goes whole, however it comes', () => {
  const long = Buffer.from(`a\n${'y'.repeat(longestLine + 1)}\nb\n`);
  const fits = Buffer.from(`${'y'.repeat(longestLine)}\nb`);
  for (const cuts of [[], [1], [2], [700_000], [longestLine + 2, longestLine + 3]]) {
    expect(inChunks(long, cuts)).toBe(`a\n[line of ${longestLine + 1} bytes left out]\nb\n`);
    expect(inChunks(fits, cuts)).toBe(fits.toString());
  }
});

test('what is cut off at its start or end begins and ends with a whole line', () => {
  const { push, end } = redactor.bytes({ start: true, end: true });
  expect(`${push(Buffer.from('7890abcdef\nkept\nAPI_KEY=a'))}${end()}`).toBe('kept\n');
});

/** Printable and not, with what JSON, XML and addresses must escape. */
const value = 'pa/ss+wörd&<7>"\\x';

test.each<readonly [string, string]>([
  ['raw', value],
  ['JSON', JSON.stringify(value)],
  ['JSON twice', JSON.stringify(JSON.stringify(value))],
  ['JSON in ASCII', `"${JSON.stringify(value).slice(1, -1).replace('ö', '\\u00f6')}"`],
  ['URL', encodeURIComponent(value)],
  ['URL, lower case', encodeURIComponent(value).toLowerCase()],
  ['XML', value.replace('&', '&amp;').replace('<', '&lt;').replace('>', '&gt;').replace('"', '&quot;')],
  ['hex', Buffer.from(value).toString('hex').toUpperCase()],
  ...['', 'a', 'ab'].map((head): readonly [string, string] => [
    `base64 after ${head.length}`,
    Buffer.from(`${head}${value}zz`).toString('base64'),
  ]),
  ['base64url', Buffer.from(`ab${value}`).toString('base64url')],
  ['UTF-16', Buffer.from(value, 'utf16le').toString('latin1')],
  ['UTF-16 BE', Buffer.from(value, 'utf16le').swap16().toString('latin1')],
])('a known value goes in the form %s', (form, text) => {
  const known = makeRedactor({ knownValues: [value, 'short'] });
  const bytes = Buffer.from(`see ${text} short\n`, form.startsWith('UTF-16') ? 'latin1' : 'utf8');
  const left = inChunks(bytes, [], known);
  expect(left.replaceAll(/\\*"/g, '')).toBe(`see ${x} short\n`);
});

test('names become tokens, the same thing the same one, in the order in which they appear', () => {
  const tokens = makeTokens([
    { as: 'user', names: ['ada', 'grace'] },
    { as: 'host', names: ['adas-box.example', 'adas-box'] },
    { as: 'home', names: ['/home/ada'] },
    { as: '<coven-home>', names: ['/home/ada/.coven'] },
    { as: 'project', names: ['/home/ada/src/one'] },
    { as: 'project', names: ['/home/ada/src/my two'] },
  ]);
  const [first, second] = [makeRedactor({ tokens }), makeRedactor({ tokens })];
  expect(first.redact('/home/ada/src/my two/x -I/home/ada/b /home/adam file:%2Fhome%2Fada%2Fsrc%2Fone').text).toBe(
    '<project-1>/x -I<home-1>/b /home/adam file:<project-2>',
  );
  expect(second.redact('/home/ada/.coven ADA@adas-box.example adas-box adas-box-example canada').text).toBe(
    '<coven-home> <user-1>@<host-1> <host-1> <host-1> canada',
  );
  expect(second.redact('projects/-home-ada-src-one/a.jsonl \\/home\\/ada\\/src\\/one').text).toBe(
    'projects/<project-2>/a.jsonl <project-2>',
  );
  expect(second.redact('{"msg":"\\nada"}').text).toBe('{"msg":"\\n<user-1>"}');
});

test("the user's patterns are applied in linear time, and one that cannot be used is named", () => {
  const own = compilePatterns(['ACME-[0-9]+', '(a+)+$', '(?<=x)y', 'Straße \\d+']);
  // Coven's engine knows no look-behind either.
  expect(own.refused.map(({ index }) => index)).toEqual([2]);
  expect(makeRedactor(own).redact(`id ACME-77 in Straße 12\n${'a'.repeat(20_000)}!`).text).toBe(
    `id ${x} in ${x}\n${'a'.repeat(20_000)}!`,
  );
  const spared = compilePatterns(['.', '[a-z]+', '\\w', 'pass', '[a-z]{6}'], { spareWords: true });
  expect(spared.refused).toEqual([0, 1, 2].map((index) => ({ index, reason: 'it matches ordinary words' })));
  expect(compilePatterns(['.']).refused).toEqual([]);
  expect(compilePatterns(['(', 'x'.repeat(2000)]).refused.map(({ index }) => index)).toEqual([0, 1]);
});

test("the user's patterns are bounded in number and size, each and together", () => {
  const refused = (patterns: readonly string[]): readonly string[] =>
    compilePatterns(patterns).refused.map(({ index, reason }) => `${index}: ${reason}`);
  expect(refused(['[a-z]{500}', '[a-z]{600}'])).toEqual(['1: it becomes 602 instructions, and may have 512']);
  expect(refused(Array(6).fill('[a-z]{400}'))).toEqual(['5: all patterns together may have 2048 instructions']);
  expect(refused(['('])).toEqual(['0: RE2 does not understand it']);
  expect(refused(Array(66).fill('ACME'))).toEqual([64, 65].map((n) => `${n}: more than 64 patterns are not used`));
  // What each becomes is a hundred times its own length.
  const long = '(a{10}){99}b|'.repeat(70);
  const told = refused(Array(64).fill(long));
  expect(told.slice(0, 3)).toEqual([0, 1, 2].map((n) => `${n}: it becomes 83303 instructions, and may have 512`));
  expect(new Set(told.slice(3).map((line) => line.replace(/^\d+: /, '')))).toEqual(
    new Set(['the patterns before it are too large']),
  );
});

test('structures: whole values under secret names, options, pairs, JSON in strings, names of members', () => {
  const tokens = makeTokens([{ as: 'home', names: ['/home/ada'] }]);
  const { value: clean, counts } = makeRedactor({ tokens }).redactJson({
    apiKey: { id: 1 },
    password: 12345,
    token: null,
    hasSecret: true,
    argv: ['run', '--token', 'abc', '-v'],
    env: [{ name: 'DB_PASSWORD', value: 'x y' }],
    payload: '{"client_secret":"a\\"b","n":1}',
    usage: { tokens: { in: 1 }, max_tokens: 5 },
    '/home/ada/x': 'Cookie: a=b',
    ['__proto__']: 1,
  });
  expect(clean).toEqual({
    apiKey: x,
    password: x,
    token: null,
    hasSecret: true,
    argv: ['run', '--token', x, '-v'],
    env: [{ name: 'DB_PASSWORD', value: x }],
    payload: `{"client_secret":"${x}","n":1}`,
    usage: { tokens: { in: 1 }, max_tokens: 5 },
    '<home-1>/x': `Cookie: ${x}`,
    ['__proto__']: 1,
  });
  expect(counts).toEqual({ 'named-value': 5, cookie: 1, name: 1 });
});

const pieces =
  'password = : " \' \\ \n token [REDACTED] { } [ ] , Authorization Bearer Cookie abc123 < > </ & ; | -- """ name value key https:// @ %3D - secrets $ # é \\n \\" null <![CDATA[ \u0000 eyJ'.split(
    / /,
  );
const texts = fc.array(fc.constantFrom(...pieces, ' ', '\t', '\r\n'), { maxLength: 30 }).map((parts) => parts.join(''));

test('never throws, and chunks never matter', () => {
  fc.assert(
    fc.property(texts, fc.array(fc.nat(120), { maxLength: 5 }), (text, cuts) => {
      const bytes = Buffer.from(text);
      expect(inChunks(bytes, cuts)).toBe(Buffer.from(redactor.redact(text).text).toString('latin1'));
    }),
    { seed, numRuns: 3000 },
  );
});

test('JSON stays JSON', () => {
  const { json } = fc.letrec<{ json: unknown }>((tie) => ({
    json: fc.oneof(
      { maxDepth: 4 },
      texts,
      fc.string(),
      fc.integer(),
      fc.constantFrom(true, null),
      fc.array(tie('json'), { maxLength: 4 }),
      fc.dictionary(
        fc.constantFrom('password', 'token', 'name', 'value', 'secrets', 'key', 'cookie', 'id'),
        tie('json'),
        { maxKeys: 4 },
      ),
      tie('json').map((inner) => JSON.stringify(inner)),
    ),
  }));
  fc.assert(
    fc.property(json, fc.constantFrom(undefined, 2, '\t'), (structure, indent) => {
      JSON.parse(redactor.redact(JSON.stringify(structure, null, indent)).text);
      const once = redactor.redactJson(structure).value;
      expect(() => JSON.stringify(once)).not.toThrow();
    }),
    { seed, numRuns: 3000 },
  );
});

test.each([
  'password=',
  '"token":"\\"',
  '<token>',
  "key='",
  'eyJ-',
  'sk-',
  'cookie: ',
  'secrets: [',
  '://a@',
  'curl -u ',
  '\\"a\\\\n',
  'authorization: none ',
  'Bearer ',
  '"""',
  '-----BEGIN PRIVATE KEY-----',
])('time is linear on a long line of %j', (piece) => {
  const run = (bytes: number): number => {
    const text = Buffer.from(piece.repeat(Math.ceil(bytes / piece.length)));
    const before = process.cpuUsage();
    redactor.locate(text);
    const { user, system } = process.cpuUsage(before);
    return user + system;
  };
  run(20_000);
  // Ten times the text may take thirty times as long, and never a hundred; below 20 ms, clocks and collectors decide.
  const [small, large] = [Math.max(run(20_000), 20_000), run(200_000)];
  expect(large / small).toBeLessThan(30);
});

// Found by the battery of secrets: a project's folder may have any name, and a bundle of its home was never finished.
test('a name that holds a line end ends no search, and what follows it is found', () => {
  const tokens = makeTokens([
    { as: 'project', names: ['/srv/one\ntwo /srv/x/y', '/srv/other'] },
    { as: 'user', names: ['two'] },
  ]);
  const { text } = makeRedactor({ tokens }).redact('in /srv/one\ntwo /srv/x/y: /srv/other\nand /srv/other');
  expect(text).toBe('in /srv/one\n<user-1> /srv/x/y: <project-1>\nand <project-1>');
});
