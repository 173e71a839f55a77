// Makes the code caches of `dist` for the Node that runs this: on a home with a ledger and a daemon that answers, so that what V8
// compiles is what a diagnosis needs. Where that cannot be had, there are none, and the package works without.
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execPath, pid, versions } from 'node:process';
import { fileURLToPath } from 'node:url';
import Database from 'better-sqlite3';

const dist = fileURLToPath(new URL('../../dist/', import.meta.url));
const maker = fileURLToPath(new URL('cache.mjs', import.meta.url));
const scratch = mkdtempSync(join(tmpdir(), 'coven-doctor-build-'));

/** The file of code of a program: its name has a hash in it. */
function codeOf(program) {
  const name = readdirSync(dist).find((name) => new RegExp(`^${program}-[\\da-f]{12}\\.js$`).test(name));
  return join(dist, name);
}

/** Of the files of code that are named, of a program that begins with the first of `code`. */
function make(code, names, entry, words, input, home) {
  const env = { PATH: '/usr/bin:/bin', HOME: scratch, COVEN_HOME: home };
  const { status, signal } = spawnSync(execPath, [maker, codeOf(code), entry, names, ...words], {
    input,
    env,
    stdio: ['pipe', 'ignore', 'inherit'],
  });
  if (signal || status > 3) throw new Error(`${names} ended with ${signal ?? status}`);
}

try {
  const home = join(scratch, 'home');
  mkdirSync(home, { mode: 0o700 });
  // Where a repair has been, its runs are looked at.
  mkdirSync(join(home, 'doctor/runs'), { recursive: true, mode: 0o700 });
  const ledger = join(home, 'coven.sqlite3');
  const db = new Database(ledger);
  db.pragma('journal_mode = WAL');
  db.exec(`CREATE TABLE sessions (id TEXT PRIMARY KEY NOT NULL, project_root TEXT, harness TEXT, title TEXT, status TEXT,
      exit_code INTEGER, archived_at TEXT, created_at TEXT, updated_at TEXT);
    CREATE TABLE events (id TEXT PRIMARY KEY NOT NULL, session_id TEXT NOT NULL, kind TEXT, payload_json TEXT NOT NULL, created_at TEXT);
    INSERT INTO sessions (id, status, created_at) VALUES ('a', 'running', '2026-01-01T00:00:00Z');
    INSERT INTO events VALUES ('1', 'a', 'output', '{}', '2026-01-01T00:00:00Z')`);
  const request = { ledger, scratch: null, deep: false, budgetMs: 150 };
  make('reader', 'reader', '', [String(pid)], `${JSON.stringify(request)}\n`, home);
  make(
    'judge',
    'judge',
    '',
    [String(pid)],
    `${JSON.stringify({ ledger, whole: false, leafMs: 200, milliseconds: 4000 })}\n`,
    home,
  );
  make('first', 'first,code,runs', './coven-doctor.js', [], '', home);
  make('first', 'parse', './coven-doctor.js', ['--home', home], '', home);
  make('first', 'words', './coven-doctor.js', ['--help'], '', home);
  db.close();
} catch (error) {
  console.warn(`no code cache for V8 ${versions.v8}: ${error instanceof Error ? error.message : error}`);
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
