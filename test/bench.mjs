// `npm run bench`: wall time and peak memory of a whole diagnosis beside `node -e 0` and, where REAL_COVEN names it, the
// real Coven's own doctor; then a ledger of 1 GB beside one of 1 MB. Medians of 20 runs, taken in turn.
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import Database from 'better-sqlite3';

const runs = 20;
const real = process.env.REAL_COVEN;
const scratch = mkdtempSync(join(tmpdir(), 'doctor-bench-'));
const doctor = fileURLToPath(new URL('../dist/coven-doctor.js', import.meta.url));
const node = process.execPath;
const median = (list) => list.sort((a, b) => a - b)[list.length >> 1];

/** Milliseconds and, where GNU time is there, the largest resident set of one process, in MB. */
function once(command, home) {
  const env = { PATH: process.env.PATH, HOME: scratch, COVEN_HOME: home };
  const timed = spawnSync('/usr/bin/time', ['--version'], { stdio: 'ignore' }).status === 0;
  const start = performance.now();
  const { stderr } = spawnSync(
    timed ? '/usr/bin/time' : command[0],
    timed ? ['-f', '%M', ...command] : command.slice(1),
    { env, encoding: 'utf8' },
  );
  return { ms: performance.now() - start, mb: timed ? Number(stderr.trim().split('\n').at(-1)) / 1024 : Number.NaN };
}

function compare(title, commands) {
  const taken = commands.map(() => ({ ms: [], mb: [] }));
  for (let run = 0; run <= runs; run += 1) {
    for (const [index, [, command, home]] of commands.entries()) {
      const { ms, mb } = once(command, home);
      if (run === 0) continue;
      taken[index].ms.push(ms);
      taken[index].mb.push(mb);
    }
  }
  console.log(`\n${title}`);
  const base = median(taken[0].ms);
  for (const [index, [name]] of commands.entries()) {
    const ms = median(taken[index].ms);
    console.log(
      `  ${name.padEnd(28)} ${ms.toFixed(0).padStart(5)} ms  ${(ms / base).toFixed(2).padStart(5)} x  ${median(taken[index].mb).toFixed(0).padStart(4)} MB`,
    );
  }
}

function ledger(name, events) {
  const home = join(scratch, name);
  mkdirSync(home, { mode: 0o700 });
  const db = new Database(join(home, 'coven.sqlite3'));
  db.pragma('journal_mode = WAL');
  db.exec(`CREATE TABLE sessions (id TEXT PRIMARY KEY NOT NULL, harness TEXT, status TEXT, created_at TEXT, updated_at TEXT);
           CREATE TABLE events (id TEXT PRIMARY KEY NOT NULL, session_id TEXT NOT NULL, payload_json TEXT NOT NULL)`);
  const insert = db.prepare('INSERT INTO events VALUES (?, ?, ?)');
  const payload = 'x'.repeat(1000);
  for (let from = 0; from < events; from += 10_000) {
    db.transaction(() => {
      for (let index = from; index < Math.min(events, from + 10_000); index += 1)
        insert.run(String(index), 's', payload);
    })();
  }
  db.close();
  return home;
}

try {
  const home = join(scratch, 'home');
  const commands = (home) => [
    ['node -e 0', [node, '-e', '0'], home],
    ['coven-doctor', [node, doctor], home],
    ...(real ? [['real coven doctor', [real, 'doctor', '--json'], home]] : []),
  ];
  if (real) {
    const env = { PATH: process.env.PATH, HOME: scratch, COVEN_HOME: home };
    spawnSync(real, ['daemon', 'start'], { env });
    compare('daemon up', commands(home));
    spawnSync(real, ['daemon', 'stop'], { env });
    compare('daemon down', commands(home));
  } else {
    console.log('REAL_COVEN is not set: without a real daemon, only the stopped home is measured');
    ledger('home', 100);
    compare('daemon down', commands(home));
  }
  compare('size of the ledger, daemon down', [
    ['ledger of 1 MB', [node, doctor], ledger('small', 900)],
    ['ledger of 1 GB', [node, doctor], ledger('large', 900_000)],
  ]);
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
