import {
  copyFileSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { expect, test } from 'vitest';
import { backupsOf, covens } from '../../fixtures/backup.ts';
import { cli, diagnose } from '../../fixtures/diagnose.ts';
import { makeHome } from '../../fixtures/home.ts';
import { makeScratch, type Scratch } from '../../fixtures/scratch.ts';
import { make } from '../../src/backup/moves.ts';
import { beginRun, runsOf } from '../../src/backup/place.ts';
import { prepareRestore } from '../../src/backup/restore.ts';

/**
 * A home whose ledger has a row in its WAL alone, and whose restore ended with its process after so many moves: the
 * settled ledger comes, the WAL and its index go, the ledger of the backup comes, and then a key.
 */
async function makeCutOff({ path }: Scratch, count: number) {
  const home = makeHome(join(path, 'home'), { rows: [{ id: 'a', status: 'completed' }], events: 9, leaveWal: true });
  mkdirSync(join(home, 'keys'), { mode: 0o700 });
  writeFileSync(join(home, 'keys', 'one'), 'of the backup', { mode: 0o600 });
  await cli(['backup', 'create', '--home', home]);
  writeFileSync(join(home, 'keys', 'one'), 'of later', { mode: 0o600 });
  addSession(home, 'later', true);
  const before = covens(home);
  const [backup] = backupsOf(home);
  if (backup?.state !== 'whole') throw new Error('there is no backup');
  const run = beginRun(runsOf(home));
  const { moves } = await prepareRestore(backup, home, run, new AbortController().signal);
  expect(moves.map(({ path }) => path)).toEqual([
    'coven.sqlite3',
    'coven.sqlite3-wal',
    'coven.sqlite3-shm',
    'coven.sqlite3',
    'keys/one',
  ]);
  writeFileSync(join(run, 'restore.json'), `${JSON.stringify(moves)}\n`, { mode: 0o600 });
  for (const move of moves.slice(0, count)) make({ home, run }, move);
  return { home, before, run, moves };
}

/** Opens the ledger as Coven does, and writes to it; the rows stay in a WAL where it says so. */
function addSession(home: string, id: string, leaveWal = false): void {
  const path = join(home, 'coven.sqlite3');
  const db = new Database(path);
  db.pragma('wal_autocheckpoint = 0');
  db.prepare(
    "INSERT INTO sessions (id, project_root, harness, title, status, created_at, updated_at) VALUES (?, '/', 'codex', 't', 'completed', 'x', 'x')",
  ).run(id);
  const parts = leaveWal ? ['', '-wal', '-shm'] : [];
  for (const part of parts) copyFileSync(path + part, `${path}${part}.left`);
  db.close();
  for (const part of parts) renameSync(`${path}${part}.left`, path + part);
}

/** Sessions that Coven would show, read from a copy: a reader of the ledger itself would leave files beside it. */
function sessionsOf(home: string): readonly unknown[] {
  const copy = join(mkdtempSync(`${home}-copy-`), 'copy');
  for (const part of ['', '-wal']) {
    const path = join(home, `coven.sqlite3${part}`);
    if (existsSync(path)) copyFileSync(path, copy + part);
  }
  const db = new Database(copy);
  try {
    return db.prepare('SELECT id FROM sessions ORDER BY id').pluck().all();
  } finally {
    db.close();
  }
}

const key = (home: string): string => readFileSync(join(home, 'keys', 'one'), 'utf8');

test('a restore that was cut off is told, and taken back before a repair begins', async () => {
  await using scratch = await makeScratch();
  const { home, before } = await makeCutOff(scratch, 2);
  expect((await diagnose(home)).faults).toEqual([
    'home:repairs unfinished warn',
    'daemon stopped warn',
    'store:wal cut fail',
  ]);
  expect((await cli(['runs', '--home', home])).stdout).toContain('backup restore, CUT OFF');
  const { stdout, exitCode } = await cli(['--home', home, '--fix', '--yes']);
  expect([exitCode, stdout.includes('backup restore was taken back')]).toEqual([0, true]);
  expect(covens(home)).toEqual(before);
  expect((await diagnose(home)).faults).toEqual(['daemon stopped warn']);
});

test.each([
  [0, ['a', 'later'], 'of later', 'was taken back'],
  [1, ['a', 'later'], 'of later', 'is left as it is'],
  [2, ['a', 'later'], 'of later', 'is left as it is'],
  [3, ['a', 'later'], 'of later', 'is left as it is'],
  [4, ['a'], 'of the backup', 'was complete'],
  [5, ['a'], 'of the backup', 'was complete'],
])(
  'cut off after %i moves and written to by Coven, every session of the one ledger or the other stays in view',
  async (count, ids, content, words) => {
    await using scratch = await makeScratch();
    const { home } = await makeCutOff(scratch, count);
    expect(sessionsOf(home)).toEqual(ids);
    addSession(home, 'since');
    const expected = [...ids, 'since'].sort();
    const { stdout, exitCode } = await cli(['--home', home, '--fix', '--yes']);
    expect([exitCode, stdout]).toEqual([0, expect.stringContaining(`backup restore ${words}`)]);
    expect(sessionsOf(home)).toEqual(expected);
    expect(lstatSync(join(home, 'coven.sqlite3')).nlink).toBe(1);
    expect(key(home)).toBe(content);
    expect((await diagnose(home)).faults).toEqual(['daemon stopped warn']);
    const again = await cli(['--home', home, '--fix', '--yes']);
    expect([again.exitCode, again.stdout.includes('had been cut off')]).toEqual([0, false]);
  },
);

test('a main file with a second name in the quarantine, to which Coven wrote, keeps what was written and one name', async () => {
  await using scratch = await makeScratch();
  const { home, run, moves } = await makeCutOff(scratch, 0);
  linkSync(join(home, 'coven.sqlite3'), join(run, moves[0]?.kept ?? ''));
  addSession(home, 'since');
  expect((await cli(['--home', home, '--fix', '--yes'])).exitCode).toBe(0);
  expect(sessionsOf(home)).toEqual(['a', 'later', 'since']);
  expect(lstatSync(join(home, 'coven.sqlite3')).nlink).toBe(1);
});
