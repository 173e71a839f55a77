import { randomUUID } from 'node:crypto';
import Database from '../child/sqlite.ts';
import type { TrialAnswer } from './protocol.ts';
import { hasSearch } from './search.ts';

/**
 * Writes a session and an event to a private copy of a ledger, changes and removes them, as Coven does in a session's
 * life, and rolls all of it back. Triggers, constraints and the full-text index speak up as they would then: listing the
 * sessions reads none of them.
 */
export function tryWriting(path: string): TrialAnswer {
  const db = new Database(path, { fileMustExist: true });
  try {
    db.pragma('foreign_keys = ON');
    db.exec('BEGIN IMMEDIATE');
    const id = `trial-${randomUUID()}`;
    const at = new Date().toISOString();
    db.prepare(
      `INSERT INTO sessions (id, project_root, harness, title, status, created_at, updated_at)
       VALUES (?, '/', 'codex', 'trial', 'running', ?, ?)`,
    ).run(id, at, at);
    db.prepare(
      `INSERT INTO events (id, session_id, kind, payload_json, created_at) VALUES (?, ?, 'output', '{"data":"trial"}', ?)`,
    ).run(`${id}-event`, id, at);
    db.prepare("UPDATE sessions SET status = 'completed', exit_code = 0, updated_at = ? WHERE id = ?").run(at, id);
    db.prepare('DELETE FROM sessions WHERE id = ?').run(id);
    db.exec('ROLLBACK');
    return { problem: null, searchEmpty: isSearchEmpty(db) };
  } catch (error) {
    return { problem: error instanceof Error ? error.message : String(error), searchEmpty: false };
  } finally {
    db.close();
  }
}

function isSearchEmpty(db: Database.Database): boolean {
  const isEmpty = (table: string): boolean => db.prepare(`SELECT 1 FROM ${table} LIMIT 1`).get() === undefined;
  return !isEmpty('events') && (!hasSearch(db) || isEmpty('events_fts_docsize'));
}
