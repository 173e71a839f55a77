// The suites that open ledgers, with each driver of SQLite: better-sqlite3 on this Node, and Node's own SQLite, on Node 24 where this one
// has none that is good enough, in a copy of the project in which the native part of better-sqlite3 is missing.
// In its place is `fixtures/node-sqlite.ts`, for programs that tests start by themselves, too.
// Usage: npm run test:drivers -- [--driver better-sqlite3|node:sqlite] [FILE...]
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { env, execPath, version } from 'node:process';
import { parseArgs } from 'node:util';
import { buildSync } from 'esbuild';
import { nodeOf, root } from './smoke/machine.mjs';

const suites = [
  ...['sqlite', 'store', 'backup', 'rescue', 'child'].map((name) => `test/${name}/`),
  ...['wal', 'emptied', 'damage', 'unreadable', 'sessions', 'rehearsal'].map((name) => `test/${name}.test.ts`),
  ...['engine', 'indexes', 'real', 'repairs', 'undo'].map((name) => `test/repair/${name}.test.ts`),
];
/** They break better-sqlite3 themselves, and expect that nothing takes its place. */
const ofBetter = ['test/child/sqlite.test.ts'];

const { values, positionals } = parseArgs({ options: { driver: { type: 'string' } }, allowPositionals: true });
const files = positionals.length > 0 ? positionals : suites;

function run(node, folder, more, words) {
  const vitest = join(folder, 'node_modules', 'vitest', 'vitest.mjs');
  const args = [vitest, 'run', '--config', 'test/vitest.config.ts', ...words];
  return spawnSync(node, args, { cwd: folder, env: { ...env, ...more }, stdio: 'inherit' }).status ?? 1;
}

/** The project without the native part. Packages are links, so that the copy is small. */
function withoutNative(folder) {
  const isWanted = (name) => !name.startsWith('.') && name !== 'node_modules';
  for (const name of readdirSync(root).filter(isWanted))
    cpSync(join(root, name), join(folder, name), { recursive: true });
  cpSync(join(root, '.github'), join(folder, '.github'), { recursive: true });
  const modules = join(folder, 'node_modules');
  mkdirSync(modules);
  for (const name of readdirSync(join(root, 'node_modules')).filter((name) => name !== 'better-sqlite3'))
    symlinkSync(join(root, 'node_modules', name), join(modules, name));
  const standIn = join(modules, 'better-sqlite3');
  mkdirSync(standIn);
  cpSync(join(root, 'node_modules', 'better-sqlite3', 'package.json'), join(standIn, 'package.json'));
  buildSync({
    entryPoints: [join(root, 'fixtures', 'node-sqlite.ts')],
    outfile: join(standIn, 'lib', 'index.js'),
    bundle: true,
    platform: 'node',
    format: 'cjs',
    footer: { js: 'module.exports = module.exports.default;' },
  });
}

let status = 0;
if (values.driver !== 'node:sqlite') status ||= run(execPath, root, {}, files);
if (values.driver !== 'better-sqlite3') {
  const [major, minor] = version.slice(1).split('.').map(Number);
  const isGood = major > 22 || (major === 22 && minor >= 16);
  const node = isGood ? execPath : nodeOf('24', join(root, 'node_modules', '.cache', 'smoke')).path;
  const folder = mkdtempSync(join(tmpdir(), 'coven-doctor-drivers-'));
  try {
    withoutNative(folder);
    const without = ofBetter.flatMap((name) => ['--exclude', name]);
    status ||= run(node, folder, { COVEN_DOCTOR_SQLITE: 'node:sqlite' }, [...files, ...without]);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
process.exitCode = status;
