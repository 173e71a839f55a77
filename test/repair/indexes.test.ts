import { copyFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { expect, test, vi } from 'vitest';
import { cli } from '../../fixtures/diagnose.ts';
import { makeHome, withoutIndex } from '../../fixtures/home.ts';
import { makeScratch } from '../../fixtures/scratch.ts';
import { compareIndexes } from '../../src/store/index-entries.ts';

// Each repair is a diagnosis, a proven backup, and another diagnosis.
vi.setConfig({ testTimeout: 300_000 });

const index = 'idx_events_session_created_at';
const at = '2026-11-23T23:24:00.782382200Z';

/** A ledger whose index is made wrong by a statement that it does not see. */
function makeWrong(path: string, sql: string): string {
  makeHome(path, { rows: [{ id: 'a', status: 'completed' }], events: 20 });
  const ledger = join(path, 'coven.sqlite3');
  const db = new Database(ledger);
  db.prepare('UPDATE events SET created_at = ? WHERE rowid = 7').run(at);
  db.close();
  withoutIndex(ledger, index, sql);
  return path;
}

const addedRow =
  "INSERT INTO events (id, session_id, kind, payload_json, created_at) VALUES ('z', 'a', 'output', '{}', 'x')";
const changedValue = `UPDATE events SET created_at = '${at.replace(':24:', ':64:')}' WHERE rowid = 7`;
const lostRow = 'DELETE FROM events WHERE rowid = 7';

test.each([
  ['nothing', 'SELECT 1', { lostRows: 0, values: [] }],
  ['a row that the index lacks', addedRow, { lostRows: 0, values: [] }],
  [
    'a value that is another in the index',
    changedValue,
    {
      lostRows: 0,
      values: [
        { index, table: 'events', rowid: 7, column: 'created_at', inTable: at.replace(':24:', ':64:'), inIndex: at },
      ],
    },
  ],
  ['an entry of a row that the table lost', lostRow, { lostRows: 1, values: [] }],
])('an index is held against its table: %s', async (_what, sql, expected) => {
  await using scratch = await makeScratch();
  const home = makeWrong(join(scratch.path, 'home'), sql);
  const copy = join(scratch.path, 'copy.sqlite3');
  copyFileSync(join(home, 'coven.sqlite3'), copy);
  const db = new Database(copy, { readonly: true });
  const { lostRows, values, compared } = compareIndexes(db);
  db.close();
  expect({ lostRows, values }).toEqual(expected);
  expect(compared).toContain(index);
  expect(compared).toContain('sqlite_autoindex_sessions_1');
});

test('values that could be a title or a path are told by their length', () => {
  const db = new Database(':memory:');
  db.exec('CREATE TABLE t (title TEXT, owner_id TEXT, size INTEGER); CREATE INDEX i ON t (title, owner_id, size)');
  db.exec("INSERT INTO t VALUES ('a secret', 'b', 1)");
  db.unsafeMode();
  db.pragma('writable_schema = ON');
  const { rootpage } = db.prepare("SELECT rootpage FROM sqlite_schema WHERE name = 'i'").get() as { rootpage: number };
  db.exec("DELETE FROM sqlite_schema WHERE name = 'i'");
  const bytes = db.serialize();
  db.close();
  const without = new Database(bytes);
  without.exec("UPDATE t SET title = 'another', owner_id = 'c', size = 2");
  without.unsafeMode();
  without.pragma('writable_schema = ON');
  without
    .prepare("INSERT INTO sqlite_schema VALUES ('index', 'i', 't', ?, 'CREATE INDEX i ON t (title, owner_id, size)')")
    .run(rootpage);
  const wrong = new Database(without.serialize());
  without.close();
  expect(compareIndexes(wrong).values.map(({ inTable, inIndex }) => [inTable, inIndex])).toEqual([
    ['a text of 7 characters', 'a text of 8 characters'],
    ['c', 'b'],
    ['2', '1'],
  ]);
  wrong.close();
});

const fix = (home: string, ...words: readonly string[]) => cli(['--home', home, '--fix', '--yes', ...words]);
const rows = (home: string): unknown => {
  const db = new Database(join(home, 'coven.sqlite3'), { readonly: true });
  const found = db.prepare('SELECT created_at FROM events NOT INDEXED WHERE rowid = 7').pluck().all();
  db.close();
  return found;
};

test('where an index has another value than its table, both are shown, and it is rebuilt only where that loss is agreed to', async () => {
  await using scratch = await makeScratch();
  const home = makeWrong(join(scratch.path, 'home'), changedValue);
  const before = readFileSync(join(home, 'coven.sqlite3'));
  const refused = await fix(home);
  expect(refused.exitCode).toBe(5);
  expect(refused.stdout).toContain(
    `events row 7, created_at: ${at.replace(':24:', ':64:')} in the table, ${at} in the index`,
  );
  expect(refused.stdout).toContain('lossy');
  expect(refused.stdout).not.toContain('loses nothing');
  expect(readFileSync(join(home, 'coven.sqlite3'))).toEqual(before);
  expect((await fix(home, '--allow', 'lossy')).exitCode).toBe(0);
  expect(rows(home)).toEqual([at.replace(':24:', ':64:')]);
});

test('an index that holds entries of rows which its table lost is not rebuilt: its ledger is rescued', async () => {
  await using scratch = await makeScratch();
  const home = makeWrong(join(scratch.path, 'home'), lostRow);
  const before = readFileSync(join(home, 'coven.sqlite3'));
  const { stdout } = await fix(home);
  expect(stdout).toContain('put a rescued ledger in the place of the damaged one');
  expect(stdout).not.toContain('rebuilt from their tables');
  expect(readFileSync(join(home, 'coven.sqlite3'))).toEqual(before);
});

test('an index that lacks an entry is rebuilt, and loses nothing', async () => {
  await using scratch = await makeScratch();
  const home = makeWrong(join(scratch.path, 'home'), addedRow);
  expect((await fix(home)).exitCode).toBe(0);
  expect(rows(home)).toEqual([at]);
});
