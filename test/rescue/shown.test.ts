// What a rescue and a list of sessions say of texts that are not ours: the names of foreign tables and the columns of a row may hold anything.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { expect, test } from 'vitest';
import { cli } from '../../fixtures/diagnose.ts';
import { hoursAgo, makeHome } from '../../fixtures/home.ts';
import { makeScratch } from '../../fixtures/scratch.ts';

const token = (letters: string): string => `ghp_${letters.repeat(36).slice(0, 36)}`;
const secrets = {
  title: token('Tq4'),
  harness: token('Hx7'),
  status: token('Su9'),
  time: token('Mk2'),
  id: token('Zb5'),
  table: 'kolibri_tangente',
  virtual: 'marzipan_oboe',
  column: 'quittenbrot',
};

test('no name of a foreign table and no token of a row is read in a rescue or in a list of sessions', async () => {
  await using scratch = await makeScratch();
  const home = makeHome(join(scratch.path, 'home'), {
    rows: ['first', 'second', 'third'].map((id) => ({ id, status: 'completed' })),
  });
  const db = new Database(join(home, 'coven.sqlite3'));
  db.prepare("UPDATE sessions SET title = ? WHERE id = 'first'").run(`use ${secrets.title} here`);
  const other = "UPDATE sessions SET harness = ?, status = ?, updated_at = ? WHERE id = 'second'";
  db.prepare(other).run(secrets.harness, secrets.status, secrets.time);
  db.prepare("UPDATE sessions SET id = ?, status = ? WHERE id = 'third'").run(secrets.id, secrets.status);
  db.prepare(
    "INSERT INTO events (id, session_id, kind, payload_json, created_at) VALUES ('e', 'first', 'output', '{}', ?)",
  ).run(hoursAgo(1));
  db.exec(`CREATE TABLE ${secrets.table} (${secrets.column} TEXT); INSERT INTO ${secrets.table} VALUES ('a');
    CREATE VIRTUAL TABLE ${secrets.virtual} USING fts5(a);
    CREATE TRIGGER t AFTER DELETE ON ${secrets.table} BEGIN SELECT ${secrets.column}_none; END;`);
  db.close();
  const record = JSON.stringify({ pid: 999_999_999, startedAt: secrets.time, socket: join(home, 'coven.sock') });
  writeFileSync(join(home, 'daemon.json'), record, { mode: 0o600 });
  const status = await cli(['daemon', 'status', '--json', '--home', home]);
  expect(JSON.parse(status.stdout)).toMatchObject({ status: 'stale', started_at: null });
  const commands = [
    ['rescue', '--dry-run'],
    ['rescue', '--dry-run', '--json'],
    ['sessions'],
    ['sessions', '--json'],
    ['sessions', 'show', 'first', '--json'],
  ];
  for (const words of commands) {
    const { stdout, stderr } = await cli([...words, '--home', home]);
    expect(stdout, words.join(' ')).toContain(words.includes('--dry-run') ? 'sessions' : 'first');
    const read = Object.entries(secrets).filter(([, text]) => (stdout + stderr).includes(text.slice(0, 9)));
    expect(read, `${words.join(' ')}\n${stdout}`).toEqual([]);
  }
  const { stdout } = await cli(['rescue', '--dry-run', '--json', '--home', home]);
  const { tables, refused, sessions } = JSON.parse(stdout) as {
    tables: { table: string }[];
    refused: { name: string; why: string }[];
    sessions: { id: string; title: string; status: string }[];
  };
  expect(tables.map(({ table }) => table)).toContainEqual(expect.stringMatching(/^\u2039text:16 #\d\u203a$/));
  expect(refused.map(({ why }) => why)).toContain('it is a virtual table');
  expect(sessions).toContainEqual(
    expect.objectContaining({ id: 'first', title: 'use [REDACTED] here', status: 'completed' }),
  );
  expect(sessions.map(({ id }) => id).toSorted()).toEqual(['[REDACTED]', 'first']);
  expect(sessions.map(({ status }) => status)).toContainEqual(expect.stringMatching(/^\u2039text:40 #\d\u203a$/));
});
