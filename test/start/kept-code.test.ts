import { spawnSync } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync, readdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { execPath } from 'node:process';
import { Script } from 'node:vm';
import { expect, test } from 'vitest';
import { makeHome } from '../../fixtures/home.ts';
import { makeScratch } from '../../fixtures/scratch.ts';
import { packageRoot } from '../../src/package.ts';
import { keepCode, keptCode } from '../../src/start/kept-code.ts';

const path = '/p/code-0123456789ab.js';
const source = 'exports={load:()=>{let sum=0;for(let n=0;n<9;n+=1)sum+=n;return sum}}';

test('what was compiled is kept whole, instead of that of earlier versions, and is taken from nobody else', async () => {
  await using scratch = await makeScratch();
  expect(keptCode(scratch.path, path)).toBeNull();
  const script = new Script(source);
  const ending = `${process.arch}-${process.versions.v8}.cache`;
  const others = [`code-0123456789ab.js.x64-1.2.3.cache`, `first-ba9876543210.js.${ending}`, 'notes'];
  for (const name of [...others, `code-ba9876543210.js.${ending}`, `code-0123456789ab.js.${ending}.77`])
    writeFileSync(join(scratch.path, name), 'x');
  keepCode(scratch.path, path, script);
  const kept = `code-0123456789ab.js.${ending}`;
  expect(readdirSync(scratch.path).sort()).toEqual([...others, kept].sort());
  expect(statSync(join(scratch.path, kept)).mode & 0o777).toBe(0o600);
  const cachedData = keptCode(scratch.path, path);
  expect(cachedData && new Script(source, { cachedData }).cachedDataRejected).toBe(false);
  chmodSync(join(scratch.path, kept), 0o620);
  expect(keptCode(scratch.path, path)).toBeNull();
  const elsewhere = join(scratch.path, 'elsewhere');
  mkdirSync(elsewhere);
  symlinkSync(join(scratch.path, kept), join(elsewhere, kept));
  expect(keptCode(elsewhere, path)).toBeNull();
  // A folder that is gone, or takes nothing, costs the next run its time and nobody anything else.
  keepCode(join(scratch.path, 'gone'), path, script);
});

test('without a code cache in the package the first diagnosis keeps its own, and the next one says the same', async () => {
  await using scratch = await makeScratch();
  const folder = join(scratch.path, 'package');
  cpSync(join(packageRoot, 'dist'), join(folder, 'dist'), {
    recursive: true,
    filter: (file) => !file.endsWith('.cache'),
  });
  cpSync(join(packageRoot, 'package.json'), join(folder, 'package.json'));
  symlinkSync(join(packageRoot, 'node_modules'), join(folder, 'node_modules'));
  const home = makeHome(join(scratch.path, 'home'), { rows: [{ id: 's', status: 'completed' }], events: 2 });
  const user = join(scratch.path, 'user');
  mkdirSync(user, { mode: 0o700 });
  const run = (words: readonly string[], named: string) =>
    spawnSync(execPath, [join(folder, 'dist', 'coven-doctor.js'), ...words], {
      env: { PATH: '/usr/bin:/bin', HOME: user, COVEN_HOME: named },
      encoding: 'utf8',
    });
  const kinds = (): readonly string[] =>
    readdirSync(join(user, '.cache', 'coven-doctor'))
      .filter((name) => name.endsWith('.cache'))
      .map((name) => name.replace(/-.*/, ''))
      .sort();
  expect(run(['--help'], home).status).toBe(0);
  // Of what every command begins with, help needs little.
  expect(kinds()).toEqual(['words']);
  const first = run([], home);
  expect(kinds()).toEqual(['code', 'first', 'words']);
  const second = run([], home);
  expect([second.status, second.stdout, second.stderr]).toEqual([first.status, first.stdout, '']);
  // Never inside what is looked at.
  const inside = join(user, '.cache', 'coven-doctor');
  const before = readdirSync(inside).sort();
  expect(run([], inside).status).toBeLessThan(4);
  expect(readdirSync(inside).sort()).toEqual(before);
});
