// Homes of a wanted size, and processes beside them.
import { spawn } from 'node:child_process';
import { mkdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';

/** Tables and indexes of Coven 0.4.6, as far as they grow. */
const schema = `CREATE TABLE sessions (id TEXT PRIMARY KEY NOT NULL, project_root TEXT NOT NULL, harness TEXT NOT NULL, title TEXT NOT NULL,
    status TEXT NOT NULL, exit_code INTEGER, archived_at TEXT, created_at TEXT NOT NULL, updated_at TEXT NOT NULL);
  CREATE TABLE events (seq INTEGER PRIMARY KEY, id TEXT NOT NULL, session_id TEXT NOT NULL, kind TEXT NOT NULL, payload_json TEXT NOT NULL,
    created_at TEXT NOT NULL);
  CREATE INDEX idx_sessions_created_at ON sessions(created_at DESC);
  CREATE INDEX idx_events_session_created_at ON events(session_id, created_at);`;

/** A home with that many sessions and events; every payload has `bytes`. */
export function makeHome(home, { sessions = 10, events = 100, bytes = 1000 }) {
  mkdirSync(home, { mode: 0o700 });
  const file = join(home, 'coven.sqlite3');
  const db = new Database(file);
  db.pragma('journal_mode = OFF');
  db.pragma('synchronous = OFF');
  db.exec(schema);
  const session = db.prepare("INSERT INTO sessions VALUES (?, '/srv/p', 'codex', 't', 'completed', 0, NULL, ?, ?)");
  const event = db.prepare("INSERT INTO events VALUES (?, ?, ?, 'output', ?, ?)");
  const at = (n) => new Date(Date.UTC(2026, 0, 1) + n * 1000).toISOString();
  const payload = JSON.stringify({ data: 'x'.repeat(bytes - 11) });
  const inParts = (count, insert) => {
    for (let from = 0; from < count; from += 20_000)
      db.transaction(() => {
        for (let n = from; n < Math.min(count, from + 20_000); n += 1) insert(n);
      })();
  };
  inParts(sessions, (n) => session.run(`s${n}`, at(n), at(n)));
  inParts(events, (n) => event.run(n + 1, `e${n}`, `s${n % sessions}`, payload, at(n)));
  db.pragma('journal_mode = WAL');
  db.close();
  return { home, bytes: statSync(file).size };
}

/** Puts that many small files into a home, a thousand to a folder. */
export function addFiles(home, count) {
  for (let n = 0; n < count; n += 1) {
    const folder = join(home, 'memory', String(Math.floor(n / 1000)));
    if (n % 1000 === 0) mkdirSync(folder, { recursive: true, mode: 0o700 });
    writeFileSync(join(folder, `${n}.md`), `${n}\n`);
  }
}

/** Puts that many entries right into a home. */
export function addEntries(home, count) {
  for (let n = 0; n < count; n += 1) writeFileSync(join(home, `entry-${n}`), '');
}

/** Starts processes that do nothing; resolves when all are there, with what ends them. */
export async function startProcesses(count) {
  if (count === 0) return () => undefined;
  const script = `n=0; while [ $n -lt ${count} ]; do sleep 3600 & n=$((n+1)); done; echo there; read end; kill $(jobs -p) 2>/dev/null`;
  const child = spawn('bash', ['-c', script], {
    stdio: ['pipe', 'pipe', 'ignore'],
    detached: true,
    env: { PATH: '/usr/bin:/bin' },
  });
  await new Promise((resolve, reject) => {
    child.stdout.once('data', resolve);
    child.once('exit', () => reject(new Error(`${count} processes cannot be had here`)));
  });
  return () => {
    try {
      process.kill(-child.pid, 'SIGKILL');
    } catch {
      // They have ended.
    }
  };
}
