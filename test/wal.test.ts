import { copyFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { expect, test } from 'vitest';
import { diagnose } from '../fixtures/diagnose.ts';
import { hoursAgo, makeHome } from '../fixtures/home.ts';
import { makeScratch } from '../fixtures/scratch.ts';

/** Changes a ledger so that the change is in its WAL alone, as after a daemon that was killed. */
function inWal(home: string, change: (db: Database.Database) => void): void {
  const path = join(home, 'coven.sqlite3');
  const db = new Database(path);
  db.pragma('wal_autocheckpoint = 0');
  db.pragma('foreign_keys = ON');
  change(db);
  for (const part of ['', '-wal', '-shm']) copyFileSync(path + part, `${path}${part}.left`);
  db.close();
  for (const part of ['', '-wal', '-shm']) renameSync(`${path}${part}.left`, path + part);
}

const insert = (db: Database.Database, id: string, at: string): unknown =>
  db
    .prepare(
      `INSERT INTO sessions (id, project_root, harness, title, status, created_at, updated_at)
       VALUES (?, '/p', 'codex', 't', 'completed', ?, ?)`,
    )
    .run(id, at, at);

const rows = ['a', 'b', 'c'].map((id) => ({ id, status: 'completed' }));

test('a session that was made after the newest one was deleted has its rowid, and its WAL is no other ledger’s', async () => {
  await using scratch = await makeScratch();
  const home = makeHome(join(scratch.path, 'home'), { rows });
  inWal(home, (db) => {
    db.exec("DELETE FROM sessions WHERE id = 'c'");
    insert(db, 'd', hoursAgo(1));
  });
  expect((await diagnose(home)).faults).toEqual(['daemon stopped warn']);
});

test.each([
  [
    'older than the newest one, whose place it has since that was deleted',
    rows,
    "DELETE FROM sessions WHERE id = 'c'",
    30,
  ],
  ['in the place of the only one, which was deleted', rows.slice(0, 1), 'DELETE FROM sessions', 1],
])('a WAL with a row that is %s is the ledger’s own', async (_, before, change, hours) => {
  await using scratch = await makeScratch();
  const home = makeHome(join(scratch.path, 'home'), { rows: before });
  inWal(home, (db) => {
    db.exec(change);
    insert(db, 'd', hoursAgo(hours));
  });
  expect((await diagnose(home)).faults).toEqual(['daemon stopped warn']);
});

test.each([
  ['has the place of the newest one in the commit that deletes that', "DELETE FROM sessions WHERE id = 'c'", 1],
  ['has the place of one below others that stayed', "UPDATE sessions SET id = 'd' WHERE id = 'b'", null],
  ['has the place of one of several that are gone at once', 'DELETE FROM sessions', 1],
])('a WAL is another ledger’s where a row %s', async (_, change, hours) => {
  await using scratch = await makeScratch();
  const home = makeHome(join(scratch.path, 'home'), { rows });
  inWal(home, (db) =>
    db.transaction(() => {
      db.exec(change);
      if (hours !== null) insert(db, 'd', hoursAgo(hours));
    })(),
  );
  expect((await diagnose(home)).faults).toEqual(['daemon stopped warn', 'store:wal foreign fail']);
});
