import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { secretSamples } from '../../fixtures/redaction/corpus.ts';
import { makeProof } from '../../src/redaction/proof.ts';
import { makeRedactor } from '../../src/redaction/redactor.ts';

const canary = 'Canary-7/zwölf+"x"';
const prove = await makeProof([canary, 'short']);
const member = (text: string | Buffer, name = 'log.txt') => prove({ name, bytes: Buffer.from(text) });
const github = ['ghp', 'A1b2C3d4E5f6G7h8I9j0K1l2M3n4O5p6Q7r8'].join('_');
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
  expect(await member('', `${canary}.txt`)).toEqual([{ member: '<name withheld>', rule: 'known-value-in-name' }]);
});

test('what cannot be unpacked is no pass', async () => {
  await expect(member(Buffer.from([0x1f, 0x8b, 8, 0, 1, 2, 3]))).rejects.toThrow();
  await expect(member(gzipSync(gzipSync(gzipSync(gzipSync('x')))))).rejects.toThrow(RangeError);
});

test('a clean text passes, and so does the whole corpus once it is redacted', async () => {
  expect(await member('nothing to see, session 446086b2-5d1f-4a8e-9f0d-1c2b3a4d5e6f')).toEqual([]);
  const text = [...secretSamples(5, 3000)].map(({ bytes }) => bytes.toString()).join('\n');
  expect((await member(text)).length).toBeGreaterThan(0);
  expect(await member(makeRedactor({}).redact(text).text)).toEqual([]);
});
