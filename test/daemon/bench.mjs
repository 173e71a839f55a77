// `npm run bench:daemon`: the minimal daemon and, where REAL_COVEN names it, the real one, in turn on equal homes with
// 10,000 sessions and 1,000,000 events: start until healthy, latency of health and of pages, memory at rest.
import { spawn } from 'node:child_process';
import { chmodSync, copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import Database from 'better-sqlite3';

const [sessions, events, starts, requests] = [10_000, 1_000_000, 10, 500];
const scratch = mkdtempSync(join(tmpdir(), 'daemon-bench-'));
const coven = fileURLToPath(new URL('../../dist/coven.js', import.meta.url));
const programs = [['minimal', [process.execPath, coven]]];
if (process.env.REAL_COVEN) programs.push(['real', [process.env.REAL_COVEN]]);
else console.log('no peer: REAL_COVEN is not set');

function ask(socketPath, path) {
  return new Promise((resolve, reject) => {
    const sent = request({ socketPath, path, agent: false }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk) => {
        text += chunk;
      });
      response.on('end', () => resolve(JSON.parse(text)));
    });
    sent.on('error', reject).end();
  });
}

/** Starts a daemon; it and the milliseconds until it answered a health request. */
async function start([file, ...args], home) {
  const began = performance.now();
  const child = spawn(file, [...args, 'daemon', 'serve'], {
    env: { PATH: process.env.PATH, HOME: scratch, COVEN_HOME: home },
    cwd: scratch,
    stdio: 'ignore',
  });
  const socket = join(home, 'coven.sock');
  for (;;) {
    const health = await ask(socket, '/api/v1/health').catch(() => null);
    if (health?.daemon.pid === child.pid) break;
    if (child.exitCode !== null) throw new Error(`${file} did not start`);
    await sleep(2);
  }
  const ms = performance.now() - began;
  const stop = async () => {
    const gone = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGTERM');
    await gone;
  };
  return { ms, socket, pid: child.pid, stop };
}

const at = (list, share) => [...list].sort((a, b) => a - b)[Math.min(list.length - 1, Math.floor(list.length * share))];

async function latencies(daemons, path) {
  const taken = daemons.map(() => []);
  for (let run = -20; run < requests; run += 1)
    for (const [index, { socket }] of daemons.entries()) {
      const began = performance.now();
      await ask(socket, path(run));
      if (run >= 0) taken[index].push(performance.now() - began);
    }
  return taken;
}

function tell(title, taken, unit = 'ms') {
  console.log(`\n${title}`);
  for (const [index, list] of taken.entries()) {
    const [p50, p99, peer] = [at(list, 0.5), at(list, 0.99), at(taken.at(-1), 0.5)];
    console.log(
      `  ${programs[index][0].padEnd(8)} p50 ${p50.toFixed(2).padStart(8)} ${unit}   p99 ${p99.toFixed(2).padStart(8)} ${unit}   p50 ${(p50 / peer).toFixed(2)} x`,
    );
  }
}

const homes = programs.map(([name]) => join(scratch, name));
const ids = Array.from({ length: sessions }, (_, index) => `session-${String(index).padStart(5, '0')}`);
try {
  for (const home of homes) mkdirSync(home, { mode: 0o700 });
  await (await start(programs[0][1], homes[0])).stop();
  const path = join(homes[0], 'coven.sqlite3');
  const db = new Database(path);
  db.pragma('journal_mode = WAL');
  const when = (n) => new Date(1_700_000_000_000 + n * 1000).toISOString().replace('Z', '000000Z');
  const addSession = db.prepare(
    "INSERT INTO sessions (id, project_root, harness, title, status, exit_code, created_at, updated_at) VALUES (?, '/project', 'codex', 'a title', 'completed', 0, ?, ?)",
  );
  const addEvent = db.prepare(
    "INSERT INTO events (id, session_id, kind, payload_json, created_at) VALUES (?, ?, 'output', ?, ?)",
  );
  db.transaction(() => {
    for (const [n, id] of ids.entries()) addSession.run(id, when(n), when(n));
  })();
  for (let from = 0; from < events; from += 50_000)
    db.transaction(() => {
      for (let n = from; n < from + 50_000; n += 1)
        addEvent.run(`event-${n}`, ids[n % sessions], `{"data":"line ${n} of the output of a harness\\r\\n"}`, when(n));
    })();
  db.pragma('wal_checkpoint(TRUNCATE)');
  db.close();
  console.log(`ledger: ${sessions} sessions, ${events} events, ${(statSync(path).size / 1e6).toFixed(0)} MB`);
  for (const home of homes.slice(1)) {
    copyFileSync(path, join(home, 'coven.sqlite3'));
    chmodSync(join(home, 'coven.sqlite3'), 0o600);
  }

  const took = programs.map(() => []);
  for (let run = 0; run <= starts; run += 1)
    for (const [index, [, command]] of programs.entries()) {
      const { ms, stop } = await start(command, homes[index]);
      if (run > 0) took[index].push(ms);
      await stop();
    }
  tell(`start until healthy (${starts} starts)`, took);

  const daemons = [];
  for (const [index, [, command]] of programs.entries()) daemons.push(await start(command, homes[index]));
  await sleep(2000);
  const memory = daemons.map(({ pid }) => [
    Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024,
  ]);
  tell(`health (${requests} requests)`, await latencies(daemons, () => '/api/v1/health'));
  tell('page of 100 sessions', await latencies(daemons, () => '/api/v1/sessions?limit=100'));
  const session = (run) => ids[(run * 37 + sessions) % sessions];
  tell('page of 100 events', await latencies(daemons, (run) => `/api/v1/events?sessionId=${session(run)}&limit=100`));
  tell('memory at rest', memory, 'MB');
  for (const { stop } of daemons) await stop();
} finally {
  if (existsSync(scratch)) rmSync(scratch, { recursive: true });
}
