import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, mkdtempSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import Database from 'better-sqlite3';
import { expect, test } from 'vitest';
import { cli, diagnose } from '../../fixtures/diagnose.ts';
import { makeHome } from '../../fixtures/home.ts';
import { makeScratch } from '../../fixtures/scratch.ts';

const hasStrace = spawnSync('strace', ['-V']).status === 0;
if (!hasStrace) console.log('crash battery of mended ledgers skipped: strace is not installed');

const program = fileURLToPath(new URL('../../dist/coven-doctor.js', import.meta.url));
const calls = 'rename,renameat,renameat2,link,linkat,unlink,unlinkat';

/** A ledger whose full-text index lacks its events, with rows in its WAL alone. */
function makeUnindexed(home: string): string {
  makeHome(home, { rows: [{ id: 'a', status: 'completed' }], events: 20 });
  const path = join(home, 'coven.sqlite3');
  const db = new Database(path);
  db.exec(`CREATE VIRTUAL TABLE events_fts USING fts5(payload_json, content='events', content_rowid='rowid')`);
  db.pragma('wal_autocheckpoint = 0');
  db.exec("UPDATE sessions SET title = 'in the WAL alone'");
  for (const suffix of ['', '-wal', '-shm']) copyFileSync(path + suffix, `${path}${suffix}.left`);
  db.close();
  for (const suffix of ['', '-wal', '-shm']) {
    spawnSync('mv', [`${path}${suffix}.left`, path + suffix]);
  }
  return home;
}

/** Rows of sessions and events, read from a copy: a reader of the ledger itself would leave files beside it. */
function rowsOf(home: string): unknown {
  const folder = mkdtempSync(`${home}-copy-`);
  const copy = join(folder, 'copy');
  for (const suffix of ['', '-wal']) {
    const path = join(home, `coven.sqlite3${suffix}`);
    if (existsSync(path)) copyFileSync(path, copy + suffix);
  }
  const db = new Database(copy);
  const rows = ['sessions', 'events'].map((table) => db.prepare(`SELECT * FROM ${table} NOT INDEXED`).all());
  db.close();
  return rows;
}

const hash = (path: string): string => createHash('sha256').update(readFileSync(path)).digest('hex');
/** Hashes of every file below a folder. */
const hashes = (folder: string): ReadonlySet<string> =>
  new Set(
    readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .map((name) => join(folder, name))
      .filter((path) => statSync(path).isFile())
      .map(hash),
  );

/** Mends a home under strace, which ends it with SIGKILL at the call of that number; the number of calls where none. */
function mend(home: string, log: string, killAt?: number): number {
  const inject = killAt === undefined ? [] : ['-e', `inject=${calls}:signal=KILL:when=${killAt}`];
  const words = ['-qq', '-o', log, '-e', `trace=${calls}`, ...inject, process.execPath, program];
  spawnSync('strace', [...words, '--home', home, '--fix', '--yes', '--json'], { stdio: 'ignore' });
  return readFileSync(log, 'utf8')
    .split('\n')
    .filter((line) => /^(rename|link|unlink)/.test(line)).length;
}

test.skipIf(!hasStrace)(
  'a ledger that is being replaced is whole, or made whole, whatever call the run is killed at',
  { timeout: 900_000 },
  async () => {
    await using scratch = await makeScratch();
    const log = join(scratch.path, 'strace.log');
    const count = mend(makeUnindexed(join(scratch.path, 'counted')), log);
    expect(count).toBeGreaterThan(5);
    let failures = 0;
    // A part of them in every run of the tests: each takes three diagnoses.
    const step = process.env.COVEN_DOCTOR_CRASHES === 'all' ? 1 : Math.ceil(count / 3);
    for (let killAt = 1; killAt <= count; killAt += step) {
      const home = makeUnindexed(join(scratch.path, `home-${killAt}`));
      const [rows, before] = [rowsOf(home), ['', '-wal'].map((suffix) => hash(join(home, `coven.sqlite3${suffix}`)))];
      mend(home, log, killAt);
      const kept = hashes(home);
      const { exitCode } = await cli(['--home', home, '--fix', '--yes']);
      const { faults } = await diagnose(home);
      const isWell = exitCode === 0 && faults.join() === 'daemon stopped warn' && before.every((one) => kept.has(one));
      if (!isWell || JSON.stringify(rowsOf(home)) !== JSON.stringify(rows)) {
        failures += 1;
        console.log(`killed at call ${killAt}: exit ${exitCode}, ${faults.join(', ')}`);
      }
    }
    console.log(`mended ledger: ${Math.ceil(count / step)} of ${count} calls killed at, ${failures} failures`);
    expect(failures).toBe(0);
  },
);
