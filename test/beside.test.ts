import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { makeHome } from '../fixtures/home.ts';
import { makeScratch } from '../fixtures/scratch.ts';
import { runReader } from '../src/host/reader.ts';

/** Writes without a pause: commits of many sizes, rows deleted, transactions that spill and are taken back, checkpoints. */
const writer = (path: string): string => `
  import Database from ${JSON.stringify(import.meta.resolve('better-sqlite3'))};
  const db = new Database(${JSON.stringify(path)});
  for (const pragma of ['wal_autocheckpoint = 20', 'cache_size = 20', 'synchronous = OFF']) db.pragma(pragma);
  const insert = db.prepare("INSERT INTO events (id, session_id, kind, payload_json, created_at) VALUES (?, 'a', 'output', ?, '2026')");
  let [round, rows] = [0, 0];
  process.stdin.on('end', () => process.exit()).resume();
  const write = () => {
    round += 1;
    db.transaction(() => { for (let row = 0; row < round % 40; row += 1) insert.run('w-' + ++rows, 'x'.repeat((round * 97) % 6000)); })();
    db.exec('DELETE FROM events WHERE rowid IN (SELECT rowid FROM events ORDER BY rowid DESC LIMIT 60 OFFSET 100)');
    if (round % 11 === 0) db.exec('BEGIN; UPDATE events SET payload_json = payload_json || 1; ROLLBACK');
    if (round % 13 === 0) db.pragma('wal_checkpoint(PASSIVE)');
    if (round === 1) console.log('writing');
    setImmediate(write);
  };
  write();`;

test('beside a writer that never pauses, the bytes are read whole and nothing is wrong with them', async () => {
  await using scratch = await makeScratch();
  const home = makeHome(join(scratch.path, 'home'), { rows: [{ id: 'a', status: 'completed' }], events: 300 });
  const ledger = join(home, 'coven.sqlite3');
  const child = spawn(process.execPath, ['--input-type=module', '-e', writer(ledger)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  scratch.onEnd(() => void child.kill('SIGKILL'));
  await once(child.stdout, 'data');
  for (let reading = 1; reading <= 5; reading += 1) {
    const request = { ledger, scratch: null, deep: false, budgetMs: 150 };
    const { bytes } = await runReader(request, 60_000, new AbortController().signal, scratch.onEnd);
    expect(bytes).toMatchObject({ outcome: 'read', map: { whole: true, problems: [] } });
    expect(bytes?.wal?.hiddenCommits ?? 0).toBe(0);
  }
});
