import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as turn } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import Database from 'better-sqlite3';
import { expect, test } from 'vitest';
import { makeScratch } from '../../fixtures/scratch.ts';
import { tie } from '../../src/child/tie.ts';

const fileOf = (job: string): string => (job === 'plugin' ? 'plugin.mjs' : 'ledger.js');
const dist = (name: string): string => fileURLToPath(new URL(`../../dist/${fileOf(name)}`, import.meta.url));

/** Starts a program of ours with a request, names its number, and waits to be killed. */
const parent = `
const { spawn } = require('node:child_process');
const { ties, program, job, request } = JSON.parse(process.argv[1]);
const isPlugin = job === 'plugin';
const node = [...ties, process.execPath, program, String(process.pid), ties.length ? 'tied' : 'untied', job];
const child = spawn(node[0], node.slice(1), {
  stdio: isPlugin ? ['pipe', 'ignore', 'ignore', 'pipe'] : ['pipe', 'pipe', 'ignore'], env: {}, detached: isPlugin,
});
child.stdin.write(JSON.stringify(isPlugin ? request : { job, request }) + '\\n');
console.log(child.pid);
setInterval(() => undefined, 1000);
`;

/** Ticks of processor time that a process used; null where it is gone or a zombie. */
function ticks(pid: number): number | null {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' ? null : Number(fields[11]) + Number(fields[12]);
  } catch {
    return null;
  }
}

/** A ledger with an index whose every entry takes a while to be checked: SQLite is inside one call for minutes. */
function makeSlowLedger(folder: string): string {
  const ledger = join(folder, 'coven.sqlite3');
  const db = new Database(ledger);
  db.exec(
    `CREATE TABLE sessions (id TEXT PRIMARY KEY, status TEXT, created_at TEXT, updated_at TEXT, title TEXT);
    CREATE TABLE events (id TEXT PRIMARY KEY, session_id TEXT, kind TEXT, payload_json TEXT, created_at TEXT);
    CREATE INDEX slow ON sessions(length(id));
    WITH RECURSIVE n(id) AS (SELECT 1 UNION ALL SELECT id + 1 FROM n WHERE id < 20000) INSERT INTO sessions SELECT id, 'running', id, id, '' FROM n;`,
  );
  // The same values, so that its entries are right.
  db.unsafeMode();
  db.pragma('writable_schema = ON');
  const slow = "length(id) + 0 * length(replace(hex(zeroblob(4000000)), '00', 'x'))";
  db.exec(
    `UPDATE sqlite_schema SET sql = 'CREATE INDEX slow ON sessions(${slow.replaceAll("'", "''")})' WHERE name = 'slow'`,
  );
  db.close();
  return ledger;
}

/** A ledger whose every session takes a while to be compared. */
function makeEndlessLedger(folder: string): string {
  const ledger = join(folder, 'coven.sqlite3');
  const db = new Database(ledger);
  db.exec(
    `CREATE TABLE events (id TEXT PRIMARY KEY);
    CREATE TABLE sessions (id TEXT PRIMARY KEY, updated_at TEXT, status TEXT AS (length(id)));
    WITH RECURSIVE n(id) AS (SELECT 1 UNION ALL SELECT id + 1 FROM n WHERE id < 20000) INSERT INTO sessions SELECT id, id FROM n;`,
  );
  // Only now, since each insertion would take as long.
  db.unsafeMode();
  db.pragma('writable_schema = ON');
  const slow = "length(replace(hex(zeroblob(4000000 + length(id))), '00', 'x'))";
  db.exec(
    `UPDATE sqlite_schema SET sql = replace(sql, 'length(id)', '${slow.replaceAll("'", "''")}') WHERE name = 'sessions'`,
  );
  db.close();
  return ledger;
}

function makeEndlessModule(folder: string): string {
  const path = join(folder, 'endless.mjs');
  writeFileSync(path, 'for (;;);\n');
  return path;
}

/** A request that takes for ever, by the job. */
const works: { readonly [job: string]: (folder: string) => object } = {
  newer: (folder) => {
    const ledger = makeEndlessLedger(folder);
    return { ledger, than: ledger };
  },
  read: (folder) => ({ ledger: makeSlowLedger(folder), scratch: null, deep: true, budgetMs: 600_000 }),
  judge: (folder) => ({ copy: makeSlowLedger(folder) }),
  mend: (folder) => ({
    source: makeSlowLedger(folder),
    into: join(folder, 'mended'),
    settled: null,
    work: 'checkpoint',
    values: [],
  }),
  plugin: (folder) => ({ path: makeEndlessModule(folder), homes: [] }),
};

const ties = tie();
if (!ties) console.log('that the kernel ends a child is not tested: there is no setpriv(1) with --pdeathsig');
const byThread = Object.entries(works).map(([job, requestOf]) => [job, 'by its own thread', requestOf, []] as const);
const byKernel = Object.entries(works).flatMap(([job, requestOf]) =>
  ties && job !== 'plugin' ? [[job, 'by the kernel', requestOf, ties] as const] : [],
);

test.each([...byThread, ...byKernel])(
  '%s: at work, where it sees no end of its input, it is ended %s when its parent is killed',
  async (job, _by, requestOf, ties) => {
    await using scratch = await makeScratch();
    const request = requestOf(scratch.path);
    const start = { ties, program: dist(job), job, request };
    const above = spawn(process.execPath, ['-e', parent, JSON.stringify(start)], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    scratch.onEnd(() => void above.kill('SIGKILL'));
    const [said] = await once(above.stdout, 'data');
    const pid = Number(String(said));
    // It is past its start, and at work.
    while ((ticks(pid) ?? expect.fail('it ended by itself')) < 100) await turn(20);
    above.kill('SIGKILL');
    while (ticks(pid) !== null) await turn(20);
  },
);
