// Makes the code caches of `dist` for the Node that runs this: on a home with a ledger and a log, so that what V8 compiles is what
// a diagnosis and a bundle need. Where that cannot be had, there are none, and the package works without.
import { spawnSync } from 'node:child_process';
import {
  copyFileSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execPath, pid, versions } from 'node:process';
import { fileURLToPath } from 'node:url';
import { deserialize, serialize } from 'node:v8';

const root = fileURLToPath(new URL('../..', import.meta.url));
const dist = join(root, 'dist');
const maker = fileURLToPath(new URL('cache.mjs', import.meta.url));
const scratch = mkdtempSync(join(tmpdir(), 'coven-doctor-build-'));
const home = join(scratch, 'home');
const bin = join(scratch, 'bin');

/** A Coven that opens every ledger, so that what a rehearsal needs is compiled, too. */
const coven = `#!/bin/sh
[ "$1" != --version ] || echo 'coven v0.0.0'
`;

/** What Coven writes as it starts, and what nobody knows. */
const log = `[2026-01-01T10:00:00.000000000Z] startup_checkpoint phase=daemon-store-begin elapsed_ms=0 prior_observer_ms=0 interval_us=2
[2026-01-01T10:00:01.000000000Z] daemon starting pid=4242 socket=${home}/coven.sock
[2026-01-01T10:00:02.000000000Z] unix connection error: missing HTTP path
the quick brown fox jumps over the lazy dog
`;

/** The file of code of a program: its name has a hash in it. */
function codeOf(program) {
  const name = readdirSync(dist).find((name) => new RegExp(`^${program}-[\\da-f]{12}\\.js$`).test(name));
  return join(dist, name);
}

/** Of the files of code that are named, of a program that begins with the first of `code`. */
function make(code, names, entry, words, input, nodeOptions = []) {
  run(names, [...nodeOptions, maker, codeOf(code), entry, names, ...words], input);
}

function run(what, words, input = '') {
  const env = { PATH: `${bin}:/usr/bin:/bin`, HOME: scratch, COVEN_HOME: home };
  const { status, signal } = spawnSync(execPath, words, { input, env, stdio: ['pipe', 'ignore', 'inherit'] });
  if (signal || status > 3) throw new Error(`${what} ended with ${signal ?? status}`);
}

/** Of the program that opens ledgers, which begins with the first of these jobs. */
function makeJobs(names, requests) {
  const lines = Object.entries(requests).map(([job, request]) => `${JSON.stringify({ job, request })}\n`);
  make('ledger', names, './ledger.js', [String(pid), 'untied', Object.keys(requests)[0]], lines.join(''));
}

/**
 * Runs a command line with a copy of the package whose `program` writes down what it is asked. Returns the options of Node that it was
 * started with, and its input.
 */
function askedBy(program, words) {
  const copy = join(scratch, program);
  const [input, options] = ['input', 'options'].map((what) => join(scratch, `${program}.${what}`));
  cpSync(dist, join(copy, 'dist'), { recursive: true });
  cpSync(join(root, 'package.json'), join(copy, 'package.json'));
  symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'));
  const file = join(copy, 'dist', `${program}.js`);
  const note = `const notes=require('node:fs');notes.writeFileSync(${JSON.stringify(options)},JSON.stringify(process.execArgv));
process.stdin.on('data',(text)=>notes.appendFileSync(${JSON.stringify(input)},text));`;
  writeFileSync(file, `${note}\n${readFileSync(file, 'utf8')}`);
  run(program, [join(copy, 'dist', 'coven-doctor.js'), ...words]);
  return { options: JSON.parse(readFileSync(options, 'utf8')), input: readFileSync(input, 'utf8') };
}

/** The same requests with the bundle where it is now; what is read of the home comes as JSON. */
function requestsFor(bundle, lines) {
  const now = (line) => {
    if (line.startsWith('{')) return line;
    const request = deserialize(Buffer.from(line, 'base64'));
    return request.do === 'prove' ? serialize({ ...request, path: bundle }).toString('base64') : line;
  };
  return lines
    .trimEnd()
    .split('\n')
    .map((line) => `${now(line)}\n`)
    .join('');
}

try {
  mkdirSync(home, { mode: 0o700 });
  mkdirSync(bin);
  writeFileSync(join(bin, 'coven'), coven, { mode: 0o755 });
  // Where a repair has been, its runs are looked at.
  mkdirSync(join(home, 'doctor/runs'), { recursive: true, mode: 0o700 });
  const ledger = join(home, 'coven.sqlite3');
  // It is optional: without it there is no ledger to open either.
  const { default: Database } = await import('better-sqlite3');
  const db = new Database(ledger);
  db.pragma('journal_mode = WAL');
  db.exec(`CREATE TABLE sessions (id TEXT PRIMARY KEY NOT NULL, project_root TEXT, harness TEXT, title TEXT, status TEXT,
      exit_code INTEGER, archived_at TEXT, created_at TEXT, updated_at TEXT);
    CREATE TABLE events (id TEXT PRIMARY KEY NOT NULL, session_id TEXT NOT NULL, kind TEXT, payload_json TEXT NOT NULL, created_at TEXT);
    INSERT INTO sessions (id, status, created_at) VALUES ('a', 'running', '2026-01-01T00:00:00Z');
    INSERT INTO events VALUES ('1', 'a', 'output', '{}', '2026-01-01T00:00:00Z')`);
  // As Coven leaves it: nobody has the ledger open, and its last rows are in the WAL.
  for (const suffix of ['', '-wal', '-shm']) copyFileSync(ledger + suffix, `${ledger}${suffix}.left`);
  db.close();
  for (const suffix of ['', '-wal', '-shm']) renameSync(`${ledger}${suffix}.left`, ledger + suffix);
  const trial = join(scratch, 'trial.sqlite3');
  for (const suffix of ['', '-wal']) copyFileSync(ledger + suffix, trial + suffix);
  const folder = join(scratch, 'reader');
  mkdirSync(folder);
  const read = { ledger, scratch: folder, deep: false, budgetMs: 150 };
  makeJobs('ledger,trial', { read, 'try-writing': { copy: trial } });
  makeJobs('beside', { read: { ...read, scratch: null } });
  makeJobs('bytes', { bytes: { ledger, whole: false, leafMs: 200, milliseconds: 4000 } });
  make('first', 'first,code,runs', './coven-doctor.js', [], '');
  make('first', 'parse', './coven-doctor.js', ['--home', home], '');
  make('first', 'words', './coven-doctor.js', ['--help'], '');
  writeFileSync(join(home, 'daemon-recovery.log'), log, { mode: 0o600 });
  const archive = join(scratch, 'bundle.zip');
  const texts = askedBy('text', []);
  const packing = askedBy('pack', ['bundle', '-o', archive]);
  make('text', 'text', '', [String(pid)], texts.input, texts.options);
  make('pack', 'pack', '', [String(pid)], requestsFor(archive, packing.input), packing.options);
  make('first', 'bundle', './coven-doctor.js', ['bundle', '-o', join(scratch, 'another.zip')], '');
} catch (error) {
  console.warn(`no code cache for V8 ${versions.v8}: ${error instanceof Error ? error.message : error}`);
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
