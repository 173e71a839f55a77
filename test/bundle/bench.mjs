// `npm run bench:bundle`: time by the clock, processor time of all processes together, and peak memory of the bundle's process and its
// children together, for a home with a ledger of 5 GB and a log of 2 GB. `-- 1` takes that many GB of ledger; `-- 5 OTHER/coven-doctor.js`
// measures another doctor in turn with this one. Linux: memory is read from /proc.
import { spawn } from 'node:child_process';
import {
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import Database from 'better-sqlite3';

const doctors = [fileURLToPath(new URL('../../dist/coven-doctor.js', import.meta.url)), ...process.argv.slice(3)];
/** Runs a command, and then tells the user and system time of all that it started. */
const timed = '"$@"; code=$?; times >&2; exit $code';

const scratch = mkdtempSync(join(tmpdir(), 'doctor-bench-'));
const home = join(scratch, 'home');
const gigabytes = Number(process.argv[2] ?? 5);
const [sessions, payloadBytes] = [200, 4000];
const perSession = Math.round((gigabytes * 1e9) / (sessions * (payloadBytes + 200)));

function makeLedger(path) {
  const db = new Database(path);
  db.pragma('synchronous = OFF');
  db.pragma('journal_mode = OFF');
  db.exec(`CREATE TABLE sessions (id TEXT PRIMARY KEY NOT NULL, project_root TEXT NOT NULL, harness TEXT NOT NULL,
             title TEXT NOT NULL, status TEXT NOT NULL, created_at TEXT NOT NULL, updated_at TEXT NOT NULL);
           CREATE TABLE events (id TEXT PRIMARY KEY NOT NULL, session_id TEXT NOT NULL, kind TEXT NOT NULL,
             payload_json TEXT NOT NULL, created_at TEXT NOT NULL);
           CREATE INDEX idx_events_session_created_at ON events(session_id, created_at);`);
  const session = db.prepare("INSERT INTO sessions VALUES (?, ?, 'codex', ?, 'completed', ?, ?)");
  const event = db.prepare("INSERT INTO events VALUES (?, ?, 'output', ?, ?)");
  const payload = JSON.stringify({ data: 'the quick brown fox '.repeat(payloadBytes / 20) });
  for (let s = 0; s < sessions; s += 1) {
    const at = new Date(Date.UTC(2026, 10, 1, 0, s)).toISOString();
    db.transaction(() => {
      session.run(`s${s}`, `/srv/project-${s % 30}`, `title ${s}`, at, at);
      for (let e = 0; e < perSession; e += 1) event.run(`s${s}-${e}`, `s${s}`, payload, at);
    })();
  }
  db.pragma('journal_mode = WAL');
  db.close();
}

function makeLog(path, bytes) {
  const lines = Array.from(
    { length: 20_000 },
    (_, n) =>
      `[2026-11-01T10:00:${String(n % 60).padStart(2, '0')}.000000000Z] request ${n} GET /api/v1/health from pid=${n} took ${n % 97} ms\n`,
  );
  const chunk = Buffer.from(lines.join(''));
  const fd = openSync(path, 'w', 0o600);
  for (let written = 0; written < bytes; ) written += writeSync(fd, chunk);
  closeSync(fd);
}

/** Resident kilobytes of a process and all below it. */
function memoryOf(pid) {
  try {
    const [, own = '0'] = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
    return childrenOf(pid).reduce((sum, child) => sum + memoryOf(child), Number(own));
  } catch {
    return 0;
  }
}

const childrenOf = (pid) => readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').filter(Boolean);

/** The most that the process has had that a shell started. */
function peakOf(shell) {
  try {
    const [main] = childrenOf(shell);
    const [, high = '0'] = /VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${main}/status`, 'utf8')) ?? [];
    return Number(high);
  } catch {
    return 0;
  }
}

async function measure(doctor, args) {
  const start = performance.now();
  const child = spawn('/bin/sh', ['-c', timed, 'sh', process.execPath, doctor, ...args], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { PATH: process.env.PATH, HOME: scratch },
  });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text) => {
    said += text;
  });
  let peak = 0;
  let own = 0;
  const timer = setInterval(() => {
    peak = Math.max(peak, memoryOf(child.pid));
    own = Math.max(own, peakOf(child.pid));
  }, 10);
  const code = await new Promise((resolve) => child.once('close', resolve));
  clearInterval(timer);
  const seconds = [...(said.trim().split('\n').at(-1) ?? '').matchAll(/(\d+)m([\d.]+)s/g)];
  if (code !== 0 || seconds.length !== 2) throw new Error(`exit ${code}: ${said}`);
  const cpu = seconds.reduce((sum, [, minutes, rest]) => sum + Number(minutes) * 60 + Number(rest), 0);
  return { ms: performance.now() - start, cpu, mb: peak / 1024, own: own / 1024 };
}

try {
  mkdirSync(home, { mode: 0o700 });
  makeLedger(join(home, 'coven.sqlite3'));
  makeLog(join(home, 'daemon-recovery.log'), 2e9);
  for (const name of readdirSync(home))
    console.log(`  ${name}: ${(statSync(join(home, name)).size / 1e9).toFixed(2)} GB`);
  for (const name of ['zip', 'zip', 'zip', 'tgz'])
    for (const doctor of doctors) {
      const file = join(scratch, `x.${name}`);
      rmSync(file, { force: true });
      const { ms, cpu, mb, own } = await measure(doctor, ['bundle', '--home', home, '-o', file]);
      const memory = `${mb.toFixed(0)} MB at the most with children, ${own.toFixed(0)} MB alone`;
      console.log(
        `  ${name}: ${(ms / 1000).toFixed(1)} s, ${cpu.toFixed(2)} s of processor, ${memory}, ${statSync(file).size} bytes`,
      );
      if (doctors.length > 1) console.log(`    ${doctor}`);
    }
} finally {
  rmSync(scratch, { recursive: true });
}
