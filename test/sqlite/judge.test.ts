import { join } from 'node:path';
import { expect, test } from 'vitest';
import { overwrite } from '../../fixtures/home.ts';
import { makeScratch } from '../../fixtures/scratch.ts';
import { makeDatabase, pagesOf, variedSql } from '../../fixtures/sqlite.ts';
import { askJudge } from '../../src/store/ask-judge.ts';

const { signal } = new AbortController();
const inWal = ['a', 'b', 'c'].map((id) => `INSERT INTO sessions VALUES ('${id}', 'title', '')`);

async function judge(damage: (path: string) => void) {
  await using scratch = await makeScratch();
  const path = makeDatabase(join(scratch.path, 'db'), { sql: variedSql, inWal });
  damage(path);
  return await askJudge(path, signal);
}

test('a sound copy is sound, and its rows are counted with those of its WAL', async () => {
  const { sound, reasons, tables } = await judge(() => undefined);
  expect({ sound, reasons }).toEqual({ sound: true, reasons: [] });
  expect(tables.find(({ table }) => table === 'sessions')?.rows).toBe(63);
});

test.each([
  [
    'a leaf is gone',
    (path: string) => overwrite(path, ((pagesOf(path, 'events', 'leaf')[1] ?? 0) - 1) * 4096, 4096),
    'pages',
  ],
  ['commits of the WAL are hidden', (path: string) => overwrite(`${path}-wal`, 32 + 24 + 50, 8, 0x5a), 'wal-damaged'],
  [
    'the last commit of the WAL is torn',
    (path: string) => overwrite(`${path}-wal`, 32 + 5 * 4120 + 50, 8, 0x5a),
    'wal-damaged',
  ],
  ['the WAL is noise', (path: string) => overwrite(`${path}-wal`, 0, 32 + 6 * 4120, 0x5a), 'wal-damaged'],
  ['the header is gone', (path: string) => overwrite(path, 0, 100), 'unreadable'],
])('it is not sound where %s', async (_, damage, kind) => {
  const { sound, reasons } = await judge(damage);
  expect(sound).toBe(false);
  expect(reasons.map((reason) => reason.kind)).toContain(kind);
});

test('a copy that is not there is not sound', async () => {
  expect(await askJudge('/nonexistent/coven.sqlite3', signal)).toMatchObject({ sound: false });
});
