import { readdirSync, readFileSync } from 'node:fs';
import { cp, mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { expect, test } from 'vitest';
import { makeHome } from '../fixtures/home.ts';
import { makeScratch } from '../fixtures/scratch.ts';
import { licencesOf } from '../src/build/licences.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const [, example = ''] = /```js\n(.*?)```/s.exec(readFileSync(join(root, 'src/plugins/README.md'), 'utf8')) ?? [];

test('the check of the page of plug-ins is typed by the package, runs by --checks and passes the kit, from what is published', async () => {
  expect(example.trimEnd().split('\n').length).toBeLessThan(40);
  await using scratch = await makeScratch();
  const home = makeHome(join(scratch.path, 'home'), { rows: [{ id: 'a', status: 'running' }] });
  // dist is built before the tests; a build here would take it from beneath those that run beside this one.
  const packed = await execa('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', scratch.path], {
    cwd: root,
  });
  const [{ filename }] = JSON.parse(packed.stdout);
  const modules = join(scratch.path, 'node_modules');
  await mkdir(join(modules, 'coven-doctor'), { recursive: true });
  await execa('tar', [
    '-xzf',
    join(scratch.path, filename),
    '-C',
    join(modules, 'coven-doctor'),
    '--strip-components=1',
  ]);
  // As `prepack` adds it; into dist itself it would go beneath tests that run beside this one.
  await execa(process.execPath, [join(root, 'src/build/prepack.mjs'), join(modules, 'coven-doctor')]);
  const tsc = join(root, 'node_modules', '.bin', 'tsc');
  // What an install puts beside it, with scripts and without: the native packages, and nothing that is bundled.
  for (const name of Object.keys(manifest.optionalDependencies)) {
    await mkdir(join(modules, name, '..'), { recursive: true });
    await symlink(join(root, 'node_modules', name), join(modules, name));
  }
  await writeFile(join(scratch.path, 'package.json'), '{"type":"module"}');
  await writeFile(join(scratch.path, 'acme.ts'), example);
  // Without the types of Node, and with the package's own declarations held to the same rules.
  const options = {
    strict: true,
    module: 'nodenext',
    target: 'es2023',
    lib: ['es2023', 'dom'],
    types: [],
    outDir: 'out',
  };
  await writeFile(
    join(scratch.path, 'tsconfig.json'),
    JSON.stringify({ compilerOptions: { ...options, rootDir: '.', skipLibCheck: false }, files: ['acme.ts'] }),
  );
  await execa(tsc, ['-p', '.'], { cwd: scratch.path });
  await writeFile(join(scratch.path, 'wrong.ts'), example.replace('openComplete }', 'openComplet }'));
  const wrong = await execa(tsc, ['--noEmit', '--module', 'nodenext', '--types', '', 'wrong.ts', '--ignoreConfig'], {
    cwd: scratch.path,
    reject: false,
  });
  expect(wrong.stdout).toContain("'openComplet' does not exist");

  const program = join(modules, 'coven-doctor', 'dist', 'coven-doctor.js');
  const run = (...args: readonly string[]) => execa(process.execPath, [program, ...args], { cwd: scratch.path });
  const { stdout } = await run('--checks', './out/acme.js', '--only', 'custom', '--home', home, '--verbose');
  expect(stdout).toContain('[OK] 1 of 20 sessions are open (acme:open-sessions)');
  const kit = await run('check-kit', './out/acme.js');
  expect(kit.stdout).toContain('Every check passes.');
}, 300_000);

test('nothing is installed beside the package but native programs, and every package is named with its reason', () => {
  expect(manifest.dependencies).toBeUndefined();
  expect(Object.keys(manifest.optionalDependencies)).toEqual(['@lydell/node-pty', 'better-sqlite3']);
  expect(manifest.bin).toEqual({ 'coven-doctor': 'dist/coven-doctor.js' });
  const guide = readFileSync(join(root, 'CONTRIBUTING.md'), 'utf8');
  const named = guide.split('\n').flatMap((line) => /^\| (.+?) \|/.exec(line)?.[1]?.split(', ') ?? []);
  const { optionalDependencies, devDependencies } = manifest;
  for (const name of Object.keys({ ...optionalDependencies, ...devDependencies })) expect(named).toContain(name);
});

test('the licence of every package whose code is in dist goes along with it', () => {
  const text = readFileSync(join(root, 'dist/THIRD-PARTY-LICENCES.txt'), 'utf8');
  const [, ...parts] = text.split(/^(\S+ \S+) \(.+\)\n-{80}$/m);
  const named = parts.filter((_, index) => index % 2 === 0);
  expect(named).toEqual(expect.arrayContaining(charter));
  for (const part of parts.filter((_, index) => index % 2 === 1)) expect(part.length).toBeGreaterThan(400);
});

/** The packages that the charter of the project names. */
const charter = ['yargs', 'archiver', 'undici', 'listr2', 'systeminformation', 'better-sqlite3'].map((name) => {
  const { version } = JSON.parse(readFileSync(join(root, 'node_modules', name, 'package.json'), 'utf8'));
  return `${name} ${version}`;
});

test('a package that is bundled without a licence text cannot be built', async () => {
  await using scratch = await makeScratch();
  const folder = join(scratch.path, 'node_modules', 'acme');
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'package.json'), '{"name":"acme","version":"1.0.0","license":"MIT"}');
  expect(() => licencesOf(['node_modules/acme/lib/index.js'], scratch.path)).toThrow(
    'acme 1.0.0 holds no licence text',
  );
  await writeFile(join(folder, 'LICENSE.md'), 'Permission is hereby granted');
  expect(licencesOf(['src/a.ts', 'node_modules/acme/lib/index.js'], scratch.path)).toContain('Permission is hereby');
});

test('a checkout in which npm left better-sqlite3 out is built, and its first run tells how to get it', async () => {
  await using scratch = await makeScratch();
  const checkout = join(scratch.path, 'checkout');
  await mkdir(join(checkout, 'node_modules'), { recursive: true });
  for (const name of ['package.json', 'src', 'checks', 'fixtures'])
    await cp(join(root, name), join(checkout, name), { recursive: true });
  for (const name of readdirSync(join(root, 'node_modules')))
    if (name !== 'better-sqlite3')
      await symlink(join(root, 'node_modules', name), join(checkout, 'node_modules', name));
  const { stderr } = await execa(process.execPath, ['src/build/build.mjs'], { cwd: checkout });
  expect(stderr).toMatch(/^no code cache for V8 [^\n]*better-sqlite3/);
  const home = makeHome(join(scratch.path, 'home'));
  const env = { COVEN_HOME: home, HOME: scratch.path, PATH: '/usr/bin:/bin', COVEN_DOCTOR_SQLITE: undefined };
  const { stdout, exitCode } = await execa(process.execPath, ['dist/coven-doctor.js'], {
    cwd: checkout,
    env,
    extendEnv: false,
    reject: false,
  });
  // Node 24 reads the ledger with the SQLite of its own.
  const hasOwn = Number(process.versions.node.split('.', 1)[0]) >= 24;
  expect(exitCode).toBe(hasOwn ? 0 : 3);
  if (!hasOwn) expect(stdout).toContain(`npm install --no-save --ignore-scripts=false better-sqlite3@`);
});
