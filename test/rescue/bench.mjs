// `npm run bench:rescue`: rescues of damaged ledgers of three sizes beside `.recover` of SQLite (`npm run peer:rescue` builds it), in
// turn: wall time, processor time, and peak memory of all its processes together. What 10 GB take is a line through the three.
import { spawn } from 'node:child_process';
import {
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statfsSync,
  statSync,
  writeSync,
} from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import Database from 'better-sqlite3';

const sizes = (process.env.COVEN_DOCTOR_EVENTS ?? '100000,300000,1000000').split(',').map(Number);
const shell = fileURLToPath(new URL('../../node_modules/.cache/sqlite-recover/sqlite3', import.meta.url));
const doctor = fileURLToPath(new URL('../../dist/coven-doctor.js', import.meta.url));
const scheme = JSON.parse(readFileSync(new URL('../../src/coven/coven-0.4.6.json', import.meta.url), 'utf8'));
const scratch = mkdtempSync(join(tmpdir(), 'doctor-rescue-bench-'));
process.on('exit', () => rmSync(scratch, { recursive: true, force: true }));
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => process.exit(1));

// Ledger, what a rescue has on disk besides, its result, and the same of `.recover` with its text.
const needed = Math.max(...sizes) * 1000 * 6;
const { bavail, bsize } = statfsSync(scratch);
if (bavail * bsize < needed)
  throw new Error(`${tmpdir()} has ${Math.round((bavail * bsize) / 1e9)} GB free, of ${Math.round(needed / 1e9)}`);

/** A ledger of Coven's schema with so many events of about 700 bytes each, of which three pages are then lost. */
function damagedLedger(home, events) {
  mkdirSync(home, { mode: 0o700 });
  const path = join(home, 'coven.sqlite3');
  const db = new Database(path);
  db.pragma('journal_mode = WAL');
  db.pragma('synchronous = OFF');
  db.pragma('cache_size = -64000');
  for (const { type, sql, name } of scheme)
    if (sql && type !== 'trigger' && !/^sqlite_|^events_fts_/.test(name)) db.exec(sql);
  const words = Array.from({ length: 4000 }, (_, index) => `w${((index * 7919) % 100_003).toString(36)}`);
  let state = 1;
  const next = (n) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state % n;
  };
  const id = (kind, index) =>
    `${String(index).padStart(8, '0')}-${kind}-4000-a000-${String(next(1e9)).padStart(12, '0')}`;
  const session = db.prepare(
    "INSERT INTO sessions (id, project_root, harness, title, status, created_at, updated_at) VALUES (?, '/p', 'codex', 'a title', 'completed', ?, ?)",
  );
  const event = db.prepare(
    "INSERT INTO events (id, session_id, kind, payload_json, created_at) VALUES (?, ?, 'output', ?, ?)",
  );
  const time = (index) => new Date(1.79e12 + index * 500).toISOString();
  const sessions = Array.from({ length: Math.ceil(events / 1000) }, (_, index) => id('1111', index));
  db.transaction(() => {
    for (const [index, one] of sessions.entries()) session.run(one, time(index * 1000), time(index * 1000));
  })();
  for (let from = 0; from < events; from += 20_000)
    db.transaction(() => {
      for (let index = from; index < Math.min(events, from + 20_000); index += 1) {
        const data = Array.from({ length: 30 + next(50) }, () => words[next(4000)]).join(' ');
        event.run(id('2222', index), sessions[Math.floor(index / 1000)], JSON.stringify({ data }), time(index));
      }
    })();
  db.exec("INSERT INTO events_fts(events_fts) VALUES ('rebuild')");
  for (const { type, sql } of scheme) if (type === 'trigger') db.exec(sql);
  const pages = db
    .prepare("SELECT pageno FROM dbstat WHERE name = 'events' AND pagetype = 'leaf' LIMIT 3")
    .pluck()
    .all();
  db.close();
  const fd = openSync(path, 'r+');
  for (const page of pages) writeSync(fd, Buffer.alloc(4096), 0, 4096, (page - 1) * 4096);
  closeSync(fd);
  return path;
}

/** The process and all that descend from it. */
function family(root) {
  const parents = new Map();
  for (const name of readdirSync('/proc').filter((one) => /^\d+$/.test(one)))
    try {
      const stat = readFileSync(`/proc/${name}/stat`, 'latin1');
      parents.set(Number(name), Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]));
    } catch {}
  const found = new Set([root]);
  for (let grown = -1; grown !== found.size; ) {
    grown = found.size;
    for (const [pid, parent] of parents) if (found.has(parent)) found.add(pid);
  }
  return found;
}

/** Kilobytes of each process alone, and its share of what it has together with others. */
function memoryOf(pid) {
  try {
    return Number(/^Pss:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))?.[1] ?? 0);
  } catch {
    return 0;
  }
}

/** Wall and processor seconds of a command and its children, and the most memory that all of them had at once. */
function measure(command, args, options = {}) {
  return new Promise((resolve, reject) => {
    const start = performance.now();
    // The shell's own `times` counts what it waited for.
    const child = spawn('/usr/bin/time', ['-o', join(scratch, 'time'), '-f', '%U %S', command, ...args], {
      stdio: ['ignore', 'ignore', 'inherit'],
      ...options,
    });
    let most = 0;
    const timer = setInterval(() => {
      most = Math.max(
        most,
        [...family(child.pid)].reduce((sum, pid) => sum + memoryOf(pid), 0),
      );
    }, 100);
    child.on('error', reject);
    child.on('exit', (status) => {
      clearInterval(timer);
      const [user, system] = readFileSync(join(scratch, 'time'), 'utf8')
        .trim()
        .split('\n')
        .at(-1)
        .split(' ')
        .map(Number);
      resolve({ status, seconds: (performance.now() - start) / 1000, cpu: user + system, mb: most / 1024 });
    });
  });
}

/** Where a line through the points is at `x`. */
function lineAt(points, x) {
  const mean = (of) => points.reduce((sum, point) => sum + of(point), 0) / points.length;
  const [mx, my] = [mean(([a]) => a), mean(([, b]) => b)];
  const slope = mean(([a, b]) => (a - mx) * (b - my)) / mean(([a]) => (a - mx) ** 2);
  return my + slope * (x - mx);
}

const rows = [];
for (const events of sizes) {
  const home = join(scratch, `home-${events}`);
  const path = damagedLedger(home, events);
  const gb = statSync(path).size / 1e9;
  const env = { PATH: process.env.PATH, HOME: scratch, TMPDIR: scratch };
  const outputs = ['rescued', 'sql', 'recovered'].map((name) => join(scratch, name));
  const [rescued, sql, recovered] = outputs;
  const ours = await measure(process.execPath, [doctor, 'rescue', '--home', home, '-o', rescued, '--json'], { env });
  const loads = loadavg()[0];
  const theirs = await measure(
    '/bin/sh',
    ['-c', '"$0" "$1" .recover > "$2" && "$0" "$3" < "$2" > /dev/null 2>&1; :', shell, path, sql, recovered],
    { env },
  );
  const count = (file) => new Database(file, { readonly: true }).prepare('SELECT count(*) FROM events').pluck().get();
  rows.push({ gb, ours, theirs });
  const tell = ({ seconds, cpu, mb }) =>
    `${seconds.toFixed(1)} s, ${cpu.toFixed(1)} s of processor, ${mb.toFixed(0)} MB`;
  console.log(`${gb.toFixed(2)} GB, ${events} events, load ${loads.toFixed(1)}
  rescue    ${tell(ours)}, exit ${ours.status}, ${count(rescued)} events
  .recover  ${tell(theirs)}, ${count(recovered)} events
  ratio     ${(ours.seconds / theirs.seconds).toFixed(2)}, of processor time ${(ours.cpu / theirs.cpu).toFixed(2)}`);
  for (const file of outputs) for (const suffix of ['', '-wal', '-shm']) rmSync(file + suffix, { force: true });
  rmSync(home, { recursive: true });
}
if (rows.length > 2)
  for (const who of ['ours', 'theirs'])
    console.log(
      `${who === 'ours' ? 'rescue' : '.recover'}: 10 GB in ${lineAt(
        rows.map((row) => [row.gb, row[who].seconds]),
        10,
      ).toFixed(0)} s, ${lineAt(
        rows.map((row) => [row.gb, row[who].cpu]),
        10,
      ).toFixed(0)} s of processor; per GB ${rows.map((row) => (row[who].cpu / row.gb).toFixed(1)).join(', ')}`,
    );
