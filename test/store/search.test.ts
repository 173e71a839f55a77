import { join } from 'node:path';
import Database from 'better-sqlite3';
import { expect, test } from 'vitest';
import { makeScratch } from '../../fixtures/scratch.ts';
import { readSearch, refuseStrangeSearch } from '../../src/store/search.ts';

/** A ledger's events with their index; no trigger keeps the two equal. */
const made = `CREATE TABLE events (id TEXT PRIMARY KEY, payload_json TEXT);
  WITH n (i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < 5000)
    INSERT INTO events SELECT 'e' || i, '{"data":"word' || i || ' of Zoë, and ' || (i % 7) || '"}' FROM n;
  CREATE VIRTUAL TABLE events_fts USING fts5(
            payload_json,
            content='events',
            content_rowid='rowid'
        );
  INSERT INTO events_fts (events_fts) VALUES ('rebuild');`;

const all = { rows: 5000, indexed: 5000, damaged: false };
const lost = `INSERT INTO events_fts (events_fts, rowid, payload_json)
  SELECT 'delete', rowid, payload_json FROM events WHERE rowid IN (3, 4000)`;

const cases: readonly (readonly [string, string, object])[] = [
  ['nothing', '', { ...all, agrees: true, differing: 0 }],
  [
    'two texts changed',
    `UPDATE events SET payload_json = replace(payload_json, 'word', 'ward') WHERE rowid IN (7, 4321)`,
    { ...all, agrees: false, differing: 2 },
  ],
  [
    'two words changed places',
    `UPDATE events SET payload_json = '{"data":"of word9 Zoë, and 2"}' WHERE rowid = 9`,
    { ...all, agrees: false, differing: 1 },
  ],
  ['two events are not indexed', lost, { ...all, indexed: 4998, agrees: false, differing: 0 }],
  ['an event is gone', 'DELETE FROM events WHERE rowid = 12', { ...all, rows: 4999, agrees: false, differing: 1 }],
];

/** Of small ledgers SQLite's own check tells whether anything differs; of large ones their words do. */
const sizes = [
  ['small', 1],
  ['large', 2 ** 30],
] as const;

for (const [size, bytes] of sizes)
  test.each(cases)(`${size}, %s`, async (_name, change, expected) => {
    await using scratch = await makeScratch();
    const path = join(scratch.path, 'db');
    const writer = new Database(path);
    writer.pragma('journal_mode = WAL');
    writer.exec(made);
    writer.exec(change);
    writer.close();
    const db = new Database(path, { readonly: true });
    db.pragma('query_only = ON');
    expect(readSearch(db, false, bytes, () => false)).toEqual(expected);
    expect(db.pragma('query_only', { simple: true })).toBe(1);
    db.close();
  });

test('what was not compared within the time is not said to agree', async () => {
  await using scratch = await makeScratch();
  const db = new Database(join(scratch.path, 'db'));
  db.exec(made);
  // Words are many enough for the time to be asked once.
  for (let index = 0; index < 5; index += 1)
    db.exec(`INSERT INTO events SELECT id || '-${index}', payload_json FROM events LIMIT 5000`);
  db.exec("INSERT INTO events_fts (events_fts) VALUES ('rebuild')");
  expect(readSearch(db, false, 2 ** 30, () => true)).toEqual({
    rows: 30_000,
    indexed: 30_000,
    damaged: false,
    agrees: null,
    differing: null,
  });
  db.close();
});

test.each([
  "payload_json, content=[v], content_rowid='rowid'",
  "payload_json, content=`v`, content_rowid='rowid'",
  "payload_json, c=v, content_rowid='rowid'",
  "payload_json, content='v', content_rowid='rowid'",
])('an index that asks a view for its texts is not asked (%s)', async (options) => {
  await using scratch = await makeScratch();
  const db = new Database(join(scratch.path, 'db'));
  db.exec('CREATE TABLE events (id TEXT PRIMARY KEY, payload_json TEXT)');
  db.exec(
    "CREATE VIEW v AS WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r) SELECT n AS rowid, 'x' AS payload_json FROM r",
  );
  db.exec(`CREATE VIRTUAL TABLE events_fts USING fts5(${options}\n)`);
  expect(() => refuseStrangeSearch(db)).toThrow();
  expect(readSearch(db, false, 0, () => false)).toBe(null);
  db.close();
});
