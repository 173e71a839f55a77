// `npm run bench:pages`: time and peak memory of the page map of a ledger of 5 GB, beside SQLite's own count of one table
// and a plain reading of as many bytes as the map needs; then whole diagnoses of it and of a small home. Medians, in turn.
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import Database from 'better-sqlite3';

const runs = Number(process.env.COVEN_DOCTOR_RUNS ?? 5);
const bytes = Number(process.env.COVEN_DOCTOR_BYTES ?? 5e9);
const scratch = mkdtempSync(join(tmpdir(), 'doctor-bench-'));
const dist = (name) => fileURLToPath(new URL(`../dist/${name}.js`, import.meta.url));
const sqlite = import.meta.resolve('better-sqlite3');
const median = (list) => list.sort((a, b) => a - b)[list.length >> 1];

function ledger(name, size) {
  const home = join(scratch, name);
  mkdirSync(home, { mode: 0o700 });
  const path = join(home, 'coven.sqlite3');
  const db = new Database(path);
  db.pragma('journal_mode = WAL');
  db.pragma('synchronous = OFF');
  db.pragma('cache_size = -64000');
  db.exec(`
    CREATE TABLE sessions (id TEXT PRIMARY KEY NOT NULL, project_root TEXT NOT NULL, harness TEXT NOT NULL, title TEXT NOT NULL,
      status TEXT NOT NULL, created_at TEXT NOT NULL, updated_at TEXT NOT NULL);
    CREATE TABLE events (id TEXT PRIMARY KEY NOT NULL, session_id TEXT NOT NULL, kind TEXT NOT NULL, payload_json TEXT NOT NULL, created_at TEXT NOT NULL);
    CREATE INDEX idx_events_session_created_at ON events(session_id, created_at);
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 500)
    INSERT INTO sessions SELECT printf('%08d-1111-4111-8111-111111111111', i), '/p', 'codex', 't', 'completed', '2026-11-01', '2026-11-01' FROM n`);
  const step = Math.min(100_000, Math.ceil(size / 1000));
  for (let from = 0; statSync(path).size < size; from += step)
    db.exec(`
      WITH RECURSIVE n(i) AS (SELECT ${from} UNION ALL SELECT i + 1 FROM n WHERE i < ${from + step - 1})
      INSERT INTO events SELECT printf('%08d-2222-4222-8222-222222222222', i), printf('%08d-1111-4111-8111-111111111111', i / 1000),
        'output', printf('{"data":"%.*c"}', 600 + i % 800, 'x'), '2026-11-01T00:00:00.000000000Z' FROM n`);
  db.close();
  return home;
}

/** Milliseconds, and the largest resident set in MB. */
function once(command, { input, home } = {}) {
  const env = { PATH: process.env.PATH, HOME: scratch, ...(home && { COVEN_HOME: home }) };
  const start = performance.now();
  const { stdout, stderr } = spawnSync('/usr/bin/time', ['-f', '%M', ...command], { env, input, encoding: 'utf8' });
  return { ms: performance.now() - start, mb: Number(stderr.trim().split('\n').at(-1)) / 1024, stdout };
}

try {
  const [large, small] = [ledger('large', bytes), ledger('small', 600_000)];
  const path = join(large, 'coven.sqlite3');
  const request = { ledger: path, whole: false, leafMs: 0, milliseconds: 60_000 };
  // The program is told its parent, with which it ends.
  const start = ['sh', '-c', 'exec "$0" "$1" "$PPID" untied bytes', process.execPath, dist('ledger')];
  const map = () => once(start, { input: `${JSON.stringify({ job: 'bytes', request })}\n` });
  const { answer: found } = JSON.parse(map().stdout);
  const script = `const db = new (await import(${JSON.stringify(sqlite)})).default(${JSON.stringify(path)}, { readonly: true });
    db.prepare('SELECT count(*) FROM events').get()`;
  const cases = [
    ['node -e 0', () => once([process.execPath, '-e', '0'])],
    ['page map of 5 GB', map],
    ['cat of as many bytes', () => once(['head', '-c', String((found.map?.pagesRead ?? 1) * 4096), path])],
    ['SQLite: count(*) of events', () => once([process.execPath, '--input-type=module', '-e', script])],
    ['coven-doctor, 5 GB', () => once([process.execPath, dist('coven-doctor'), '--json'], { home: large })],
    ['coven-doctor, 0.6 MB', () => once([process.execPath, dist('coven-doctor'), '--json'], { home: small })],
  ];
  const taken = cases.map(() => []);
  for (let run = 0; run <= runs; run += 1)
    for (const [index, [, measure]] of cases.entries()) {
      const { ms, mb } = measure();
      if (run > 0) taken[index].push({ ms, mb });
    }
  console.log(
    `${statSync(path).size} bytes; ${found.map?.pages} pages, ${found.map?.pagesRead} read; load ${loadavg()[0]}`,
  );
  const base = median(taken[0].map(({ ms }) => ms));
  for (const [index, [name]] of cases.entries()) {
    const ms = median(taken[index].map((one) => one.ms));
    const mb = median(taken[index].map((one) => one.mb));
    console.log(
      `  ${name.padEnd(28)} ${ms.toFixed(0).padStart(6)} ms ${(ms / base).toFixed(1).padStart(6)} x ${mb.toFixed(0).padStart(5)} MB`,
    );
  }
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
