// Damage that only something far away gives away, on ledgers of Coven's own schema.
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import Database from 'better-sqlite3';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { addSession, createSchema } from '../../fixtures/rescue/coven-schema.ts';
import { makeScratch } from '../../fixtures/scratch.ts';
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
  createSchema(db);
  addSession(db, session);
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

describe('of a row that a byte of the main file changed without changing a word, a frame of an older generation holds the right one', () => {
  test.each([
    ['in an overflow page', 1],
    ['in a leaf', 0],
  ])('%s', (_, nth) => {
    const right = restarted();
    const bytes = readFileSync(path);
    const text = nth === 1 ? 'w3x1200 w3x1201' : 'short text';
    const at = bytes.indexOf(text);
    expect(at).toBeGreaterThan(0);
    bytes[at + text.indexOf(' ')] = 0x21;
    writeFileSync(path, bytes);
    expect(rescued().report).toMatchObject({ lost: 0, uncertain: 0 });
    expect(digests(`${path}-rescued`)).toEqual(right);
  });

  test('not where the frame itself is the damaged one', () => {
    const right = restarted();
    const wal = readFileSync(`${path}-wal`);
    const at = wal.lastIndexOf('w3x1200 w3x1201');
    wal[at + 'w3x1200'.length] = 0x21;
    writeFileSync(`${path}-wal`, wal);
    rescued();
    expect(digests(`${path}-rescued`)).toEqual(right);
  });

  const digests = (file: string): readonly string[] => {
    const db = new Database(file, { readonly: true });
    const rows = db.prepare('SELECT rowid, payload_json FROM events ORDER BY rowid').raw().all() as [number, string][];
    db.close();
    return rows.map(([rowid, text]) => `${rowid} ${crc32(text)}`);
  };

  /** Puts in the path's place the files of a ledger whose WAL was restarted after it had taken its events; returns these. */
  function restarted(): readonly string[] {
    const db = new Database(path);
    db.pragma('journal_mode = WAL');
    db.pragma('wal_autocheckpoint = 0');
    db.exec("UPDATE events SET payload_json = replace(payload_json, '{', '{ ')");
    const insert =
      "INSERT INTO events (id, session_id, kind, payload_json, created_at) VALUES (?, ?, 'output', '{\"data\":\"a short text\"}', '2026-11-01T00:00:00Z')";
    db.prepare(insert).run(eventId(7), session);
    db.pragma('wal_checkpoint(RESTART)');
    db.exec("UPDATE sessions SET status = 'failed'");
    const rows = digests(path);
    const files = ['', '-wal'].map((suffix) => [suffix, readFileSync(path + suffix)] as const);
    db.close();
    for (const [suffix, bytes] of files) writeFileSync(path + suffix, bytes);
    return rows;
  }
});
