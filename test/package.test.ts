import { readFileSync } from 'node:fs';
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { expect, test } from 'vitest';
import { makeHome } from '../fixtures/home.ts';
import { makeScratch } from '../fixtures/scratch.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const [, example = ''] = /```js\n(.*?)```/s.exec(readFileSync(join(root, 'README.md'), 'utf8')) ?? [];

test('the check of the README is typed by the package, runs by --checks and passes the kit, from what is published', async () => {
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
  // As `prepack` makes them; into dist itself they would go beneath tests that run beside this one.
  const tsc = join(root, 'node_modules', '.bin', 'tsc');
  const declarations = join(modules, 'coven-doctor', 'dist', 'types');
  await execa(tsc, ['-p', join(root, 'src', 'tsconfig.types.json'), '--outDir', declarations]);
  // What the package depends on, as an install would put beside it.
  const { dependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  for (const name of [...Object.keys(dependencies), 'bindings', 'file-uri-to-path']) {
    await mkdir(join(modules, name, '..'), { recursive: true });
    await symlink(join(root, 'node_modules', name), join(modules, name)).catch((error) => {
      if (error.code !== 'EEXIST') throw error;
    });
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
