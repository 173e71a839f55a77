import { execFileSync } from 'node:child_process';
import { mkdir, symlink, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { bundleMembers, manifestOf } from '../../fixtures/bundle/bundle.ts';
import { hostileTgzs, hostileZips } from '../../fixtures/bundle/hostile.ts';
import { tgzOf } from '../../fixtures/bundle/tgz.ts';
import { zipOf } from '../../fixtures/bundle/zip.ts';
import { makeScratch } from '../../fixtures/scratch.ts';
import { defaultLimits } from '../../src/bundle/limits.ts';
import { readBundle } from '../../src/bundle/read.ts';
import { BundleRefused } from '../../src/bundle/refused.ts';
import { verifyMembers } from '../../src/bundle/verify.ts';

const good = bundleMembers();
const members = Object.entries(good).map(([name, content]) => ({ name, content }));
const folder = { name: 'log/', content: '' };

const whole: readonly (readonly [string, Buffer])[] = [
  ['zip', zipOf(members)],
  ['stored zip', zipOf(members.map((member) => ({ ...member, fields: { method: 0 } })))],
  ['streamed zip', zipOf(members.map((member) => ({ ...member, streamed: 'signed' })))],
  ['streamed zip without signatures', zipOf(members.map((member) => ({ ...member, streamed: 'unsigned' })))],
  [
    'zip with a folder',
    zipOf([{ ...folder, fields: { method: 0, attributes: 0o040700 * 2 ** 16 + 0x10 } }, ...members]),
  ],
  ['tgz', tgzOf(members)],
  ['tgz with a folder', tgzOf([{ ...folder, type: '5' }, ...members])],
];

/** The members of some bytes, or the code of their refusal. */
async function read(path: string, bytes: Buffer, limits = defaultLimits): Promise<Record<string, Buffer> | string> {
  await writeFile(path, bytes);
  return readBundle(path, limits).then(
    (found) => Object.fromEntries(found),
    (error: unknown) => {
      if (error instanceof BundleRefused) return error.code;
      throw error;
    },
  );
}

test.each(whole)('%s: its members, whatever it is called', async (_kind, bytes) => {
  await using scratch = await makeScratch('memory');
  expect(await read(join(scratch.path, 'a.txt'), bytes)).toEqual(good);
});

test('what the programs of the system write is read', async () => {
  await using scratch = await makeScratch('memory');
  const { path } = scratch;
  await mkdir(join(path, 'log'));
  for (const [name, bytes] of Object.entries(good)) await writeFile(join(path, name), bytes);
  execFileSync('tar', ['czf', 'out.tgz', '--format=ustar', ...Object.keys(good)], { cwd: path });
  expect(Object.fromEntries(await readBundle(join(path, 'out.tgz')))).toEqual(good);
  const zip = [
    '-c',
    'import sys, zipfile; z = zipfile.ZipFile("out.zip", "w", 8); [z.write(n) for n in sys.argv[1:]]; z.close()',
  ];
  execFileSync('python3', [...zip, ...Object.keys(good)], { cwd: path });
  expect(Object.fromEntries(await readBundle(join(path, 'out.zip')))).toEqual(good);
});

describe.each([
  ['zip', hostileZips],
  ['tgz', hostileTgzs],
] as const)('a hostile %s is refused:', (_kind, cases) => {
  test.each(cases)('%s', async (_name, make, code) => {
    await using scratch = await makeScratch('memory');
    expect(await read(join(scratch.path, 'bundle'), make())).toBe(code);
  });
});

test('a limit holds for what is really unpacked', async () => {
  await using scratch = await makeScratch('memory');
  const path = join(scratch.path, 'bundle');
  for (const [, bytes] of whole) {
    expect(await read(path, bytes, { ...defaultLimits, memberBytes: 500 })).toBe('member-too-large');
    expect(await read(path, bytes, { ...defaultLimits, totalBytes: 1000 })).toBe('total-too-large');
    expect(await read(path, bytes, { ...defaultLimits, members: 4 })).toBe('too-many-members');
    expect(await read(path, bytes, { ...defaultLimits, fileBytes: bytes.length - 1 })).toBe('too-large');
  }
});

test('what is no file, and what is no bundle', async () => {
  await using scratch = await makeScratch('memory');
  const at = (name: string): string => join(scratch.path, name);
  const refused = (name: string): Promise<string> =>
    readBundle(at(name)).then(
      () => 'read',
      (error: BundleRefused) => error.code,
    );
  await writeFile(at('bundle'), whole[0]?.[1] ?? '');
  await symlink(at('bundle'), at('link'));
  await mkdir(at('folder'));
  execFileSync('mkfifo', [at('fifo')]);
  await writeFile(at('empty'), '');
  await writeFile(at('text'), 'PK is not enough');
  await writeFile(at('large'), '');
  await truncate(at('large'), 1024 ** 3 + 1);
  expect(
    await Promise.all(['bundle', 'gone', 'bundle/x', 'link', 'folder', 'fifo', 'empty', 'text', 'large'].map(refused)),
  ).toEqual([
    'read',
    'absent',
    'absent',
    'not-a-file',
    'not-a-file',
    'not-a-file',
    'not-a-bundle',
    'not-a-bundle',
    'too-large',
  ]);
});

test('an archive that was changed anywhere is refused, or its members are the very same', async () => {
  await using scratch = await makeScratch('memory');
  const path = join(scratch.path, 'bundle');
  let refused = 0;
  const property = fc.asyncProperty(
    fc.constantFrom(...whole.map(([, bytes]) => bytes)),
    fc.array(fc.tuple(fc.nat(), fc.integer({ min: 1, max: 255 })), { maxLength: 4 }),
    fc.option(fc.nat()),
    async (bytes, flips, end) => {
      const mutant = Buffer.from(bytes);
      for (const [at, bits] of flips) mutant.writeUInt8((mutant[at % bytes.length] ?? 0) ^ bits, at % bytes.length);
      const found = await read(path, end === null ? mutant : mutant.subarray(0, end % bytes.length));
      if (typeof found === 'string') refused += 1;
      else expect(found).toEqual(good);
    },
  );
  await fc.assert(property, { seed: Number(process.env.COVEN_DOCTOR_SEED ?? 6), numRuns: 3000 });
  expect(refused).toBeGreaterThan(1000);
});

describe('a bundle is held against its manifest', () => {
  const verdict = (found: Record<string, Buffer>): unknown => {
    try {
      return verifyMembers(new Map(Object.entries(found))).manifest;
    } catch (error) {
      if (error instanceof BundleRefused) return [error.code, error.facts.member ?? []].flat();
      throw error;
    }
  };
  const { 'manifest.json': manifest = Buffer.alloc(0), ...rest } = good;
  const stated = manifestOf(rest) as Record<string, unknown>;
  const named = stated.members as readonly object[];
  const withManifest = (value: unknown, found = rest): Record<string, Buffer> => ({
    ...found,
    'manifest.json': Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)),
  });

  test('one that is whole', () => expect(verdict({ ...rest, 'manifest.json': manifest })).toEqual(stated));

  test.each<readonly [string, Record<string, Buffer>, readonly [string, string?]]>([
    ['no manifest', rest, ['manifest-missing']],
    ['a member more', withManifest(stated, { ...rest, more: manifest }), ['member-unnamed', 'more']],
    ['a member less', withManifest(manifestOf({ ...rest, more: manifest })), ['member-missing', 'more']],
    ['another size', withManifest(stated, { ...rest, 'report.json': manifest }), ['member-changed', 'report.json']],
    [
      'another content',
      withManifest(stated, { ...rest, 'report.json': Buffer.from('{"ok":tru3}\n') }),
      ['member-changed', 'report.json'],
    ],
    ['a member named twice', withManifest({ ...stated, members: [...named, ...named] }), ['manifest-invalid']],
    ['itself', withManifest(manifestOf({ ...rest, 'manifest.json': manifest })), ['manifest-invalid']],
    ['broken JSON', withManifest('{'), ['not-json', 'manifest.json']],
    ['no UTF-8', { ...rest, 'manifest.json': Buffer.from([0x22, 0xff, 0x22]) }, ['not-json', 'manifest.json']],
    ['JSON without bottom', withManifest('['.repeat(100_000)), ['not-json', 'manifest.json']],
    ['JSON that is deep', withManifest(`${'['.repeat(100_000)}${']'.repeat(100_000)}`), ['not-json', 'manifest.json']],
    ['9 MiB of JSON', withManifest(' '.repeat(9 * 1024 ** 2)), ['member-too-large', 'manifest.json']],
    ['a schema of tomorrow', withManifest({ ...stated, schema: 'coven-doctor.bundle/2' }), ['manifest-invalid']],
    ['a field more', withManifest({ ...stated, more: 1 }), ['manifest-invalid']],
    ['a prototype', withManifest(`{"__proto__":${JSON.stringify(stated)}}`), ['manifest-invalid']],
    ['a list', withManifest([]), ['manifest-invalid']],
  ])('%s', (_what, found, refusal) => expect(verdict(found)).toEqual(refusal));
});
