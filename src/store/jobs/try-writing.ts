import type { Database } from 'better-sqlite3';
import { knownAdditions } from '../../coven/tables.ts';
import { randomHex } from '../../random.ts';
import { quote } from '../../sqlite/names.ts';
import { openToWrite } from '../../sqlite/open-to-write.ts';
import type { TrialAnswer } from '../protocol.ts';
import { hasSearch } from '../search.ts';

/**
 * Writes two sessions and their events to a private copy of a ledger, reads them back, changes and removes them, as Coven
 * does in a session's life, and rolls all of it back. Triggers, constraints and the full-text index speak up as they would then: listing the
 * sessions reads none of them.
 */
export function work({ copy }: { readonly copy: string }): TrialAnswer {
  const db = openToWrite(copy);
  try {
    // As Coven opens it.
    db.pragma('trusted_schema = ON');
    db.pragma('foreign_keys = ON');
    const problem = problemOf(db);
    if (problem === null) return { problem, searchEmpty: isSearchEmpty(db) };
    const inTheWay = additions(db).find((addition) => problemOf(db, addition) === null);
    if (!inTheWay) return { problem, searchEmpty: false };
    const { kind, rowid, table } = inTheWay;
    return { problem, searchEmpty: false, inTheWay: { kind, rowid, table } };
  } catch (error) {
    return { problem: wordsOf(error), searchEmpty: false };
  } finally {
    db.close();
  }
}

const wordsOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** SQLite's words where a session's life cannot be written; null where it can. `without`: as if that were not there. */
function problemOf(db: Database, without?: Addition): string | null {
  db.exec('BEGIN IMMEDIATE');
  try {
    if (without) db.exec(`DROP ${without.kind} ${quote(without.name)}`);
    return lifeOf(db);
  } catch (error) {
    return wordsOf(error);
  } finally {
    // An error may have ended the transaction itself.
    if (db.inTransaction) db.exec('ROLLBACK');
  }
}

/** Lives two sessions that differ in nothing but their ids, and reads back what Coven would: what came out of it otherwise, or null. */
function lifeOf(db: Database): string | null {
  const at = new Date().toISOString();
  const ids = [1, 2].map((number) => `trial-${randomHex(16)}-${number}`);
  const insertSession = db.prepare(
    `INSERT INTO sessions (id, project_root, harness, title, status, created_at, updated_at)
     VALUES (?, '/', 'codex', 'trial', 'running', ?, ?)`,
  );
  const insertEvent = db.prepare(
    `INSERT INTO events (id, session_id, kind, payload_json, created_at) VALUES (?, ?, 'output', '{"data":"trial"}', ?)`,
  );
  for (const id of ids) {
    insertSession.run(id, at, at);
    for (const number of [1, 2]) insertEvent.run(`${id}-${number}`, id, at);
  }
  const statusOf = db.prepare('SELECT status FROM sessions WHERE id = ? AND archived_at IS NULL').pluck();
  const eventsOf = db.prepare('SELECT id, payload_json AS payload FROM events WHERE session_id = ? ORDER BY id');
  for (const id of ids) {
    if (statusOf.get(id) !== 'running') return 'a session that was written does not read back as it was written';
    const events = eventsOf.all(id) as { id: string; payload: string }[];
    const isSame = events.every(
      (event, index) => event.id === `${id}-${index + 1}` && event.payload === '{"data":"trial"}',
    );
    if (events.length !== 2 || !isSame) return 'events that were written do not read back as they were written';
  }
  const finish = db.prepare("UPDATE sessions SET status = 'completed', exit_code = 0, updated_at = ? WHERE id = ?");
  const remove = db.prepare('DELETE FROM sessions WHERE id = ?');
  for (const id of ids) {
    finish.run(at, id);
    if (statusOf.get(id) !== 'completed') return 'a session that ended does not read back as ended';
    remove.run(id);
    if (statusOf.get(id) !== undefined) return 'a session that was removed is still there';
  }
  return null;
}

type Addition = NonNullable<TrialAnswer['inTheWay']> & { readonly name: string };

/** So many are tried, one by one. */
const triedAdditions = 50;

/** Triggers and indexes on the core tables that Coven did not make. */
function additions(db: Database): readonly Addition[] {
  const rows = db
    .prepare(
      `SELECT type AS kind, rowid, name, tbl_name AS "table" FROM sqlite_schema
       WHERE type IN ('trigger', 'index') AND sql IS NOT NULL AND tbl_name IN ('sessions', 'events') LIMIT 500`,
    )
    .all() as Addition[];
  return rows.filter(({ name }) => !knownAdditions.includes(name)).slice(0, triedAdditions);
}

function isSearchEmpty(db: Database): boolean {
  const isEmpty = (table: string): boolean => db.prepare(`SELECT 1 FROM ${table} LIMIT 1`).get() === undefined;
  return !isEmpty('events') && (!hasSearch(db) || isEmpty('events_fts_docsize'));
}
