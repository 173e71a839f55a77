import { spawnSync } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { execPath } from 'node:process';
import { expect, test } from 'vitest';
import { makeHome } from '../../fixtures/home.ts';
import { makeScratch } from '../../fixtures/scratch.ts';
import { packageRoot } from '../../src/package.ts';
import { randomHex, randomUuid } from '../../src/random.ts';

const dist = join(packageRoot, 'dist');

/** Writes what a program has loaded by its end: our files without their hashes, and modules of Node that it begins without. */
const notes = `const begun = new Set(process.moduleLoadList);
process.once('exit', () => {
  const files = Object.keys(require.cache).filter((path) => path.startsWith(${JSON.stringify(`${dist}/`)}));
  const names = files.map((path) => path.split('/').at(-1).replace(/-[\\da-f]{12}\\.js$/, '').replace(/\\.js$/, ''));
  const modules = process.moduleLoadList.filter((name) => !begun.has(name)).map((name) => name.replace('NativeModule ', ''));
  require('node:fs').writeFileSync(process.env.LOADED, JSON.stringify({ files: names, modules }));
});
`;

interface Loaded {
  readonly files: readonly string[];
  readonly modules: readonly string[];
  readonly stdout: string;
}

function loadedBy(folder: string, words: readonly string[], env: Readonly<Record<string, string>>, input = ''): Loaded {
  const own = mkdtempSync(join(folder, 'run-'));
  const [before, LOADED] = ['notes.cjs', 'loaded.json'].map((name) => join(own, name)) as [string, string];
  writeFileSync(before, notes);
  const node = ['--require', before, ...words];
  const { status, stdout, stderr } = spawnSync(execPath, node, { env: { ...env, LOADED }, input, encoding: 'utf8' });
  expect([status, stderr]).toEqual([0, '']);
  return { ...(JSON.parse(readFileSync(LOADED, 'utf8')) as Omit<Loaded, 'stdout'>), stdout };
}

/** What each takes some milliseconds to load, and nothing of a small home's diagnosis needs. */
const heavy = ['crypto', 'perf_hooks', 'http', 'tls', 'zlib', 'worker_threads'];

test('a default diagnosis loads no code but its own', async () => {
  await using scratch = await makeScratch();
  const home = makeHome(join(scratch.path, 'home'), { rows: [{ id: 's', status: 'completed' }], events: 2 });
  const bin = join(scratch.path, 'bin');
  mkdirSync(bin);
  writeFileSync(join(bin, 'coven'), '#!/bin/sh\n[ "$1" != --version ] || echo "coven v0.0.0"\n');
  chmodSync(join(bin, 'coven'), 0o755);
  const env = { PATH: `${bin}:/usr/bin:/bin`, HOME: join(scratch.path, 'user'), COVEN_HOME: home };
  const { files, modules } = loadedBy(scratch.path, [join(dist, 'coven-doctor.js')], env);
  expect(files).toEqual(['coven-doctor', 'first', 'code']);
  expect(heavy.filter((name) => modules.includes(name))).toEqual([]);
});

test('the reader of a ledger that nobody has open loads nothing to start processes with', async () => {
  await using scratch = await makeScratch();
  const home = makeHome(join(scratch.path, 'home'), { rows: [{ id: 's', status: 'completed' }], events: 2 });
  const own = join(scratch.path, 'private');
  mkdirSync(own);
  const request = { ledger: join(home, 'coven.sqlite3'), deep: false, budgetMs: 150, scratch: own };
  const words = [join(dist, 'ledger.js'), String(process.pid), 'untied', 'read'];
  const asked = { job: 'read', request: { ...request, milliseconds: 60_000 } };
  const { files, modules, stdout } = loadedBy(scratch.path, words, {}, `${JSON.stringify(asked)}\n`);
  expect(stdout).toContain('{"answer":{"kind":"integrity"');
  expect(files).toEqual(['ledger', 'ledger']);
  expect(['child_process', 'crypto', 'perf_hooks'].filter((name) => modules.includes(name))).toEqual([]);
});

test('a bundle has the texts of a log read by the process that packs it: it starts no other one for that', async () => {
  await using scratch = await makeScratch();
  const home = makeHome(join(scratch.path, 'home'), { rows: [{ id: 's', status: 'completed' }], events: 2 });
  const line = '[2026-11-25T10:00:00.000000000Z] the quick brown fox jumps over the lazy dog\n';
  writeFileSync(join(home, 'daemon-recovery.log'), line.repeat(2000), { mode: 0o600 });
  const copy = join(scratch.path, 'package');
  cpSync(dist, join(copy, 'dist'), { recursive: true });
  cpSync(join(packageRoot, 'package.json'), join(copy, 'package.json'));
  symlinkSync(join(packageRoot, 'node_modules'), join(copy, 'node_modules'));
  rmSync(join(copy, 'dist', 'text.js'));
  const logSeen = (words: readonly string[]): unknown => {
    const env = { PATH: '/usr/bin:/bin', HOME: join(scratch.path, 'user'), COVEN_HOME: home };
    const node = [join(copy, 'dist', 'coven-doctor.js'), ...words];
    const { stdout } = spawnSync(execPath, node, { env, cwd: scratch.path, encoding: 'utf8' });
    const { checks } = JSON.parse(stdout) as { readonly checks: readonly { id: string; status: string }[] };
    return checks.find(({ id }) => id === 'daemon:log')?.status;
  };
  expect(logSeen(['--json'])).toBe('unknown');
  expect(logSeen(['--json', '--bundle'])).not.toBe('unknown');
});

test('random digits are as many as were asked for, and differ; a UUID is one of version 4', () => {
  const all = Array.from({ length: 100 }, () => randomHex(8));
  expect(all.filter((one) => !/^[\da-f]{16}$/.test(one))).toEqual([]);
  expect(new Set(all).size).toBe(100);
  const ids = Array.from({ length: 100 }, randomUuid);
  expect(ids.filter((id) => !/^[\da-f]{8}-[\da-f]{4}-4[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/.test(id))).toEqual([]);
  expect(new Set(ids).size).toBe(100);
});
