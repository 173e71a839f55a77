// A ledger may have any number of sessions: the report lists some, and counts all.
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { editLedger, makeHome } from '../../fixtures/home.ts';
import { makeScratch } from '../../fixtures/scratch.ts';
import Database from '../../src/child/sqlite.ts';
import { names } from '../../src/coven/layout.ts';
import { leftOut } from '../../src/rescue/left-out.ts';

const sessions = 12_000;
const idOf = (n: number): string => `session-${String(n).padStart(5, '0')}`;

async function withMany(use: (db: Database.Database) => void): Promise<void> {
  await using scratch = await makeScratch();
  const ledger = join(makeHome(join(scratch.path, 'home')), names.ledger);
  editLedger(
    ledger,
    `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${sessions})
      INSERT INTO sessions (id, project_root, harness, title, status, created_at, updated_at)
      SELECT printf('session-%05d', i), '/srv', 'codex', 't', 'completed', printf('2026-%05d', i), '2026' FROM n;
     INSERT INTO events (id, session_id, kind, payload_json, created_at) SELECT 'e' || id, id, 'output', '{}', created_at FROM sessions`,
  );
  const db = new Database(ledger);
  try {
    use(db);
  } finally {
    db.close();
  }
}

const lost = (n: number) => ({
  ...({ table: 'events', rowid: 100_000 + n, what: 'lost', why: 'not found', filled: null } as const),
  ...{ id: null, session: idOf(n), time: '2026' },
});
const sound = { isBlind: false, mostEvents: 0 };

test('of more sessions than are told, those that lack something are listed, in their order, and all are counted', async () => {
  await withMany((db) => {
    const named = [lost(11_990), lost(11_999), lost(11_999)];
    const told = leftOut(db, () => named, new Set([idOf(11_995)]), sound);
    expect(told).toMatchObject({ omittedSessions: 2000, incompleteSessions: 3, placeholders: 1 });
    expect(told.sessions).toHaveLength(10_000);
    expect(told.sessions.slice(-4)).toMatchObject([
      { id: idOf(9997), rescued: 1, lost: 0 },
      { id: idOf(11_990), rescued: 1, lost: 1, missingSeqs: [[111_990, 111_990]], missingTimes: ['2026', '2026'] },
      { id: idOf(11_995), placeholder: true, title: null },
      { id: idOf(11_999), rescued: 1, lost: 2 },
    ]);
  });
});

test('where more lack something than are told, those that are not listed are counted, and what has no session is told', async () => {
  await withMany((db) => {
    const named = [...Array.from({ length: sessions }, (_, n) => lost(n + 1)), { ...lost(1), session: null }];
    const told = leftOut(db, () => named, new Set(), sound);
    expect(told).toMatchObject({ omittedSessions: 2000, incompleteSessions: 12_000 });
    expect(told.sessions).toHaveLength(10_001);
    expect(told.sessions.at(-1)).toMatchObject({ id: '', lost: 1 });
    expect(told.missing).toHaveLength(10_000);
  });
});

test('what is told of a session is short, however long its words are', async () => {
  await withMany((db) => {
    const long = 'w'.repeat(5000);
    db.pragma('foreign_keys = OFF');
    db.prepare('UPDATE sessions SET title = ?, status = ? WHERE id = ?').run(long, long, idOf(1));
    db.prepare('UPDATE sessions SET id = ? WHERE id = ?').run(`a${long}`, idOf(2));
    const named = [{ ...lost(3), time: long, id: long }];
    const { sessions, missing } = leftOut(db, () => named, new Set(), sound);
    expect(sessions.slice(0, 3)).toMatchObject([
      { title: '‹text:5000›', status: '‹text:5000›' },
      { id: '‹text:5001›' },
      { missingTimes: ['‹text:5000›', '‹text:5000›'] },
    ]);
    expect(missing).toMatchObject([{ id: '‹text:5000›', time: '‹text:5000›' }]);
  });
});
