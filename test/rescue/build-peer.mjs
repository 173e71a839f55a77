// `npm run peer:rescue`: builds the shell of SQLite 3.52 from the sources in npm's sqlite3@6.0.1. Its `.recover` is what rescues are
// compared with; that of Debian 12's shell does not run. Needs npm's registry, tar and a C compiler; nothing of it is kept but the program.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const integrity = 'X0czUUMG2tmSqJpEQa3tCuZSHKIx8PwM53vLZzKp/o6Rpy25fiVfjdbnZ988M8+O3ZWR1ih0K255VumCb3MAnQ==';
const cache = join(dirname(fileURLToPath(import.meta.url)), '../../node_modules/.cache/sqlite-recover');
const folder = mkdtempSync(join(tmpdir(), 'sqlite-recover-'));
const run = (program, ...args) => execFileSync(program, args, { cwd: folder, stdio: ['ignore', 'pipe', 'inherit'] });
try {
  run('npm', 'pack', '--silent', 'sqlite3@6.0.1');
  const archive = readFileSync(join(folder, 'sqlite3-6.0.1.tgz'));
  if (createHash('sha512').update(archive).digest('base64') !== integrity)
    throw new Error('sqlite3@6.0.1 is another package');
  const sources = 'sqlite-autoconf-3520000';
  run('tar', '-xzf', 'sqlite3-6.0.1.tgz', `package/deps/${sources}.tar.gz`);
  run('tar', '-xzf', `package/deps/${sources}.tar.gz`);
  const options = ['DBPAGE_VTAB', 'DBSTAT_VTAB', 'FTS5'].map((name) => `-DSQLITE_ENABLE_${name}`);
  const files = ['shell.c', 'sqlite3.c'].map((name) => join(sources, name));
  run('cc', '-O2', ...options, '-o', 'sqlite3', ...files, '-lm', '-lpthread', '-ldl');
  mkdirSync(cache, { recursive: true });
  copyFileSync(join(folder, 'sqlite3'), join(cache, 'sqlite3'));
  console.log(`${join(cache, 'sqlite3')}: ${run(join(cache, 'sqlite3'), '--version').toString().trim()}`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
