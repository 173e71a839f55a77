// `npm run bench:backup`: what a proven backup of a 1 GB ledger takes, beside a plain copy of its file and `node -e 0`;
// then one of 10,000 small files. Medians of 3 runs, taken in turn; processor time of the program and its children.
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import Database from 'better-sqlite3';

const runs = 3;
const scratch = mkdtempSync(join(tmpdir(), 'doctor-bench-'));
const doctor = fileURLToPath(new URL('../../dist/coven-doctor.js', import.meta.url));
const median = (list) => list.sort((a, b) => a - b)[list.length >> 1];

function ledger(events) {
  const home = join(scratch, 'ledger');
  mkdirSync(home, { mode: 0o700 });
  const db = new Database(join(home, 'coven.sqlite3'));
  db.pragma('journal_mode = WAL');
  db.exec(`CREATE TABLE sessions (id TEXT PRIMARY KEY NOT NULL, status TEXT, updated_at TEXT);
           CREATE TABLE events (id TEXT PRIMARY KEY NOT NULL, session_id TEXT NOT NULL, payload_json TEXT NOT NULL)`);
  const insert = db.prepare('INSERT INTO events VALUES (?, ?, ?)');
  const payload = 'x'.repeat(1000);
  for (let from = 0; from < events; from += 10_000) {
    db.transaction(() => {
      for (let event = from; event < from + 10_000; event += 1) insert.run(`event-${event}`, 'session', payload);
    })();
  }
  db.close();
  return home;
}

function small(files) {
  const home = join(scratch, 'small');
  mkdirSync(join(home, 'memory'), { recursive: true, mode: 0o700 });
  for (let file = 0; file < files; file += 1) writeFileSync(join(home, 'memory', `${file}`), `${file}`);
  return home;
}

/** Seconds on the wall, and of processor time. */
function once([program, ...args]) {
  const start = performance.now();
  const { stdout, stderr, status } = spawnSync(
    'sh',
    ['-c', '"$@"; status=$?; times; exit $status', 'sh', program, ...args],
    {
      encoding: 'utf8',
    },
  );
  if (status !== 0) throw new Error(stderr);
  const [user, system] = (stdout.trim().split('\n').at(-1) ?? '').split(' ').map((time) => {
    const [minutes, seconds] = time.split('m');
    return Number(minutes) * 60 + Number.parseFloat(seconds);
  });
  return { wall: (performance.now() - start) / 1000, cpu: user + system };
}

function compare(title, commands, after) {
  const taken = commands.map(() => ({ wall: [], cpu: [] }));
  for (let run = 0; run < runs; run += 1) {
    for (const [index, [, command]] of commands.entries()) {
      const { wall, cpu } = once(command);
      taken[index].wall.push(wall);
      taken[index].cpu.push(cpu);
      after();
    }
  }
  console.log(`\n${title}`);
  for (const [index, [name]] of commands.entries()) {
    const { wall, cpu } = taken[index];
    console.log(
      `  ${name.padEnd(32)} ${median(wall).toFixed(1).padStart(6)} s  ${median(cpu).toFixed(1).padStart(6)} s of processor`,
    );
  }
}

const create = (home) => [process.execPath, doctor, 'backup', 'create', '--home', home];
const verify = (home) => [process.execPath, doctor, 'backup', 'verify', '--home', home];
const copies = join(scratch, 'copies');
const tidy = (home) => () => {
  rmSync(copies, { recursive: true, force: true });
  const runs = join(home, 'doctor', 'runs');
  // One backup is left for `verify`.
  for (const run of readdirSync(runs).sort().slice(1)) rmSync(join(runs, run), { recursive: true });
};

try {
  const large = ledger(850_000);
  spawnSync(process.execPath, create(large).slice(1));
  compare(
    'a ledger of 1 GB',
    [
      ['node -e 0', [process.execPath, '-e', '0']],
      [
        'cp, and sync of the file system',
        ['sh', '-c', 'cp "$1" "$2" && sync -f "$2"', 'sh', join(large, 'coven.sqlite3'), copies],
      ],
      ['backup create', create(large)],
      ['backup verify', verify(large)],
    ],
    tidy(large),
  );
  rmSync(large, { recursive: true });
  const many = small(10_000);
  spawnSync(process.execPath, create(many).slice(1));
  compare(
    '10,000 small files',
    [
      ['cp -a, and sync', ['sh', '-c', 'cp -a "$1" "$2" && sync -f "$2"', 'sh', join(many, 'memory'), copies]],
      ['backup create', create(many)],
    ],
    tidy(many),
  );
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
