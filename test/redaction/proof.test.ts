import { deflateSync, gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { secretSamples } from '../../fixtures/redaction/corpus.ts';
import { makeProof } from '../../src/redaction/proof.ts';
import { makeRedactor } from '../../src/redaction/redactor.ts';

const canary = 'Canary-7/zwölf+"x"';
const prove = await makeProof([canary, 'short']);
const member = (text: string | Buffer, name = 'log.txt') => prove({ name, bytes: Buffer.from(text) });
const github = ['ghp', 'A1b2C3d4E5f6G7h8I9j0K1l2M3n4O5p6Q7r8'].join('_');
const wrapped = (text: string, end: string): string => text.match(/.{1,8}/g)?.join(end) ?? '';
const known = [{ member: 'log.txt', rule: 'known-value' }];

test.each<readonly [string, string | Buffer]>([
  ['raw', `a ${canary} b`],
  ['JSON', JSON.stringify([canary])],
  ['URL', encodeURIComponent(canary)],
  ['hex', Buffer.from(canary).toString('hex')],
  ['base64', Buffer.from(`x${canary}yy`).toString('base64')],
  ['base64url', Buffer.from(`xy${canary}`).toString('base64url')],
  ['UTF-16', Buffer.from(`\ufeff${canary}`, 'utf16le')],
  ['entities', canary.replaceAll('"', '&#34;').replace('7', '&#x37;')],
  ...[0, 1, 2].flatMap((shift): readonly (readonly [string, string])[] => {
    const base64 = Buffer.from(`${'y'.repeat(shift)}${canary}z`).toString('base64');
    const url = Buffer.from(`${'y'.repeat(shift)}${canary}z`).toString('base64url');
    return [
      [`base64 at ${shift}`, base64],
      [`base64url at ${shift}`, url],
      [`base64 at ${shift}, in lines`, wrapped(base64, '\n')],
      [`base64 at ${shift}, in indented lines`, wrapped(base64, '\r\n    ')],
      [`base64url at ${shift}, in lines of a JSON string`, JSON.stringify(wrapped(url, '\n'))],
      [`base64 at ${shift}, in lines of JSON in JSON`, JSON.stringify(JSON.stringify(wrapped(base64, '\r\n')))],
    ];
  }),
  ['hex, in lines', wrapped(Buffer.from(canary).toString('hex'), '\n')],
  ['hex, in groups', Buffer.from(canary).toString('hex').toUpperCase().match(/../g)?.join(':') ?? ''],
  ['UTF-16, the other order', Buffer.from(`\ufeff${canary}`, 'utf16le').swap16()],
  ['UTF-16 without a mark', Buffer.from(canary, 'utf16le')],
  ['UTF-16 within other text', Buffer.concat([Buffer.from('x\n'), Buffer.from(canary, 'utf16le')])],
  ['UTF-16, base64', Buffer.from(canary, 'utf16le').toString('base64')],
  ['named entities', canary.replaceAll('"', '&quot;')],
  ['entities as only browsers read them', canary.replaceAll('"', '&#0000034').replace('/', '&#X2F')],
  ['entities within entities', canary.replaceAll('"', '&quot;').replaceAll('&', '&amp;')],
  ['entities of JSON', JSON.stringify(canary).replaceAll('"', '&quot;')],
  ['entities in UTF-16', Buffer.from(`\ufeff${canary.replaceAll('"', '&#34;')}`, 'utf16le')],
  ['gzip of base64 in lines', gzipSync(wrapped(Buffer.from(canary).toString('base64'), '\n'))],
  ['gzip', gzipSync(canary)],
  ['gzip twice', gzipSync(gzipSync(canary))],
])('a known value is found in %s, and not named', async (_form, text) => {
  expect(await member(text)).toEqual(known);
});

test('the independent detector finds a token that nobody told it of, in bytes, compressed, and in a name', async () => {
  const found = await member(`x ${github}`);
  expect(found.map(({ member: name }) => name)).toEqual(['log.txt']);
  expect(await member(gzipSync(github))).toEqual(found);
  const named = await member('', `${github}.txt`);
  expect([named.length, named[0]?.member, JSON.stringify([found, named]).includes(github)]).toEqual([
    1,
    '<name withheld>',
    false,
  ]);
  const inName = [{ member: '<name withheld>', rule: 'known-value-in-name' }];
  for (const name of [
    canary,
    canary.replaceAll('"', '&quot;'),
    encodeURIComponent(canary),
    Buffer.from(canary).toString('base64url'),
  ])
    expect(await member('', `log/${name}.txt`)).toEqual(inName);
});

test('the independent detector finds a token in UTF-16 and in entities', async () => {
  const rules = await member(github);
  for (const text of [
    Buffer.from(`\ufeff${github}`, 'utf16le'),
    Buffer.from(github, 'utf16le'),
    Buffer.from(github, 'utf16le').swap16(),
    github.replace('_', '&#95;'),
    gzipSync(github.replace('_', '&#x5f;')),
  ])
    expect(await member(text)).toEqual(rules);
});

test('lines and groups that make no known value together are no hit', async () => {
  expect(await member('Can\nary-7/zw ölf')).toEqual([]);
  expect(await member('a: b\nc: d\\n')).toEqual([]);
});

test('what cannot be unpacked is no pass', async () => {
  for (const bytes of [deflateSync('x'), Buffer.from('PK\x03\x04rest'), gzipSync(deflateSync('x'))])
    await expect(member(bytes)).rejects.toThrow(RangeError);
  await expect(member(Buffer.from([0x1f, 0x8b, 8, 0, 1, 2, 3]))).rejects.toThrow();
  await expect(member(gzipSync(gzipSync(gzipSync(gzipSync('x')))))).rejects.toThrow(RangeError);
});

test('a clean text passes, and so does the whole corpus once it is redacted', async () => {
  expect(await member('nothing to see, session 446086b2-5d1f-4a8e-9f0d-1c2b3a4d5e6f')).toEqual([]);
  const text = [...secretSamples(5, 3000)].map(({ bytes }) => bytes.toString()).join('\n');
  expect((await member(text)).length).toBeGreaterThan(0);
  expect(await member(makeRedactor({}).redact(text).text)).toEqual([]);
});
