import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as turn } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import Database from 'better-sqlite3';
import { expect, test } from 'vitest';
import { makeScratch } from '../../fixtures/scratch.ts';

const dist = (name: string): string => fileURLToPath(new URL(`../../dist/${name}.js`, import.meta.url));

/** Starts a program of ours with a request, names its number, and waits to be killed. */
const parent = `
const { spawn } = require('node:child_process');
const [program, request] = process.argv.slice(1);
const child = spawn(process.execPath, [program, String(process.pid)], { stdio: ['pipe', 'pipe', 'ignore'], env: {} });
child.stdin.write(request + '\\n');
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

test.each([['ledger', (ledger: string) => ({ do: 'newer', ledger, than: ledger })]] as const)(
  '%s: inside a native call without end, it ends when its parent is killed',
  async (program, requestOf) => {
    await using scratch = await makeScratch();
    const ledger = join(scratch.path, 'coven.sqlite3');
    new Database(ledger)
      .exec(
        "CREATE TABLE other (id); CREATE VIEW sessions AS WITH RECURSIVE n(id) AS (SELECT 1 UNION ALL SELECT id + 1 FROM n) SELECT id, 'running' AS status, id AS created_at, id AS updated_at, id AS title, id AS rowid FROM n; CREATE VIEW events AS SELECT * FROM sessions",
      )
      .close();
    const above = spawn(process.execPath, ['-e', parent, dist(program), JSON.stringify(requestOf(ledger))], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    scratch.onEnd(() => void above.kill('SIGKILL'));
    const [said] = await once(above.stdout, 'data');
    const pid = Number(String(said));
    // It is past its start, and at work.
    while ((ticks(pid) ?? expect.fail('it ended by itself')) < 60) await turn(20);
    above.kill('SIGKILL');
    while (ticks(pid) !== null) await turn(20);
  },
);
