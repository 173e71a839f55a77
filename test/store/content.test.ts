import Database from 'better-sqlite3';
import { afterEach, expect, test } from 'vitest';
import { largestEventBytes } from '../../src/coven/contract.ts';
import { readContent } from '../../src/store/content.ts';

const open: Database.Database[] = [];
afterEach(() => {
  for (const db of open.splice(0)) db.close();
});

/** A ledger in memory with so many sessions, each with one event. */
function ledger(sessions: number): Database.Database {
  const db = new Database(':memory:');
  open.push(db);
  db.exec(`CREATE TABLE sessions (id TEXT PRIMARY KEY, status TEXT, created_at TEXT);
    CREATE TABLE events (id TEXT PRIMARY KEY, session_id TEXT, payload_json TEXT);
    CREATE INDEX by_session ON events(session_id);
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${sessions})
      INSERT INTO sessions SELECT printf('s-%06d', i), 'completed', '' FROM n;
    INSERT INTO events SELECT 'e' || id, id, '{}' FROM sessions`);
  return db;
}

const read = (db: Database.Database) => readContent(db, true, ['completed']).content;

test('that every event has its session is claimed only where every session of an event was looked for', () => {
  const few = ledger(100);
  expect(read(few).lost).toEqual([]);
  few.exec("DELETE FROM sessions WHERE id IN ('s-000001', 's-000100')");
  expect(read(few).lost).toEqual(['s-000001', 's-000100']);
  // The one that is lost comes behind the last that is asked for.
  const many = ledger(50_010);
  many.exec("DELETE FROM sessions WHERE id = 's-050010'");
  expect(read(many).lost).toBe(null);
  many.exec("DELETE FROM sessions WHERE id = 's-000007'");
  expect(read(many).lost).toEqual(['s-000007']);
});

test('without an index nothing is claimed', () => {
  const db = ledger(3);
  db.exec('DROP INDEX by_session');
  expect(read(db).lost).toBe(null);
});

test('the first events are measured, however little time there is', () => {
  const db = ledger(3);
  db.prepare("UPDATE events SET payload_json = ? WHERE session_id = 's-000002'").run('x'.repeat(largestEventBytes + 1));
  expect(read(db).largeEvent).toEqual({ sessionId: 's-000002', bytes: largestEventBytes + 1 });
});
