// Damage that only something far away gives away, on ledgers of Coven's own schema.
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { makeScratch } from '../../fixtures/scratch.ts';
import coven from '../../src/rescue/coven-0.4.6.json' with { type: 'json' };
import { rescue } from '../../src/rescue/rescue.ts';

const page = 4096;
const session = '11111111-1111-4111-8111-111111111111';
const eventId = (index: number): string => `${String(index).padStart(8, '0')}-2222-4222-8222-222222222222`;
let scratch: Awaited<ReturnType<typeof makeScratch>>;
let path: string;

beforeAll(async () => {
  scratch = await makeScratch();
});
afterAll(() => scratch[Symbol.asyncDispose]());

/** Six events, of which each has a text of its own words on several overflow pages. */
beforeEach(() => {
  const folder = join(scratch.path, 'case');
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(join(folder, 'scratch'), { recursive: true });
  path = join(folder, 'coven.sqlite3');
  const db = new Database(path);
  for (const type of ['table', 'index', 'trigger'])
    for (const { type: is, name, sql } of coven)
      if (is === type && sql && !/^(sqlite_|events_fts_(?!insert|delete|update))/.test(name)) db.exec(sql);
  db.prepare(
    "INSERT INTO sessions (id, project_root, harness, title, status, created_at, updated_at) VALUES (?, '/', 'codex', 't', 'completed', '2026-11-01T00:00:00Z', '2026-11-01T00:00:00Z')",
  ).run(session);
  const insert = db.prepare(
    "INSERT INTO events (id, session_id, kind, payload_json, created_at) VALUES (?, ?, 'output', ?, '2026-11-01T00:00:00Z')",
  );
  for (let index = 0; index < 6; index += 1) {
    const data = Array.from({ length: 2000 }, (_, at) => `w${index}x${at}`).join(' ');
    insert.run(eventId(index), session, JSON.stringify({ data }));
  }
  db.close();
});

function rescued() {
  const output = `${path}-rescued`;
  const report = rescue({ ledger: path, scratch: join(path, '../scratch'), output }, () => undefined);
  const db = new Database(output, { readonly: true });
  const ids = db.prepare('SELECT id FROM events ORDER BY rowid').pluck().all();
  db.close();
  return { report, ids };
}

test('an overflow page with the text of another event: the event is not given out as good', () => {
  const db = new Database(path, { readonly: true });
  const chain = db.prepare("SELECT pageno FROM dbstat WHERE name = 'events' AND pagetype = 'overflow' ORDER BY path");
  const pages = chain.pluck().all() as number[];
  db.close();
  const bytes = readFileSync(path);
  const at = (number: number): number => (number - 1) * page;
  const [own = 0, other = 0] = [pages[0], pages.at(-2)];
  bytes.copy(bytes, at(own) + 4, at(other) + 4, at(other) + page);
  writeFileSync(path, bytes);
  const { report, ids } = rescued();
  expect(ids.length).toBe(5);
  expect(report.uncertain).toBe(1);
});

test('a word that became another one of the same event: the event is not given out as good', () => {
  change('w3x1999', 'w3x1998');
  expect(rescued().ids).toEqual([0, 1, 2, 4, 5].map(eventId));
});

/** Changes the only place of a text in the first rows of the schema. */
function change(from: string, to: string, nth = 0): void {
  const bytes = readFileSync(path);
  let at = -1;
  for (let found = 0; found <= nth; found += 1) at = bytes.indexOf(from, at + 1);
  expect(at).toBeGreaterThan(0);
  bytes.write(to, at, 'latin1');
  writeFileSync(path, bytes);
}

test.each([
  ['the name of a column of events', 'created_at TEXT NOT NULL', 'Areated_at TEXT NOT NULL'],
  ['the name of a table in its row of the schema', 'tablesessionssessions', 'tablesess\0onssessions'],
])('a damaged byte in %s, and in the header: every event comes back', (_what, from, to) => {
  change(from, to);
  const bytes = readFileSync(path);
  bytes[0] = 0;
  writeFileSync(path, bytes);
  const { report, ids } = rescued();
  expect(ids).toEqual([0, 1, 2, 3, 4, 5].map(eventId));
  expect(report.refused).toEqual([]);
  expect(report.checks).toEqual({ integrity: [], foreignKeys: 0, search: null });
});
