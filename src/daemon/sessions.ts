import type { Database } from 'better-sqlite3';

/** A session as the API shows it. */
export type Session = Readonly<Record<string, unknown>> & { readonly id: string; readonly created_at: string };

/** Where a page of sessions ended: the last row that it showed. */
export interface SessionCursor {
  readonly created_at: string;
  readonly id: string;
}

interface Row {
  readonly id: string;
  readonly project_root: string;
  readonly harness: string;
  readonly title: string;
  readonly status: string;
  readonly exit_code: number | null;
  readonly archived_at: string | null;
  readonly created_at: string;
  readonly updated_at: string;
  readonly conversation_id: string | null;
  readonly familiar_id: string | null;
  readonly execution_binding_json: string | null;
  readonly labels: string | null;
  readonly visibility: string;
  readonly external: number;
  readonly transcript_path: string | null;
}

export interface NewSession {
  readonly id: string;
  readonly projectRoot: string;
  readonly harness: string;
  readonly title: string;
  readonly at: string;
}

/** The statements on `sessions`; each throws what SQLite throws. */
export interface Sessions {
  readonly find: (id: string) => Session | null;
  /** Every session that is not archived, newest first. */
  readonly list: () => readonly Session[];
  readonly page: (limit: number, after: SessionCursor | null, archivedToo: boolean) => readonly Session[];
  readonly insertRunning: (session: NewSession) => void;
  /** Ends a session that was not ended before; another end stays as it was recorded. */
  readonly end: (id: string, status: string, exitCode: number | null, at: string) => void;
}

export function prepareSessions(db: Database): Sessions {
  const find = db.prepare<[string], Row>('SELECT * FROM sessions WHERE id = ?');
  const list = db.prepare<[], Row>(
    'SELECT * FROM sessions WHERE archived_at IS NULL ORDER BY created_at DESC, id DESC',
  );
  const page = db.prepare<[string, string, number, number], Row>(
    `SELECT * FROM sessions WHERE (created_at, id) < (?, ?) AND (archived_at IS NULL OR ?)
     ORDER BY created_at DESC, id DESC LIMIT ?`,
  );
  const insert = db.prepare(
    `INSERT INTO sessions (id, project_root, harness, title, status, created_at, updated_at)
     VALUES (@id, @projectRoot, @harness, @title, 'running', @at, @at)`,
  );
  const end = db.prepare(
    "UPDATE sessions SET status = ?, exit_code = ?, updated_at = ? WHERE id = ? AND status IN ('created', 'running')",
  );
  // Above every time stamp that a row can have.
  const newest: SessionCursor = { created_at: '\u{10ffff}', id: '' };
  return {
    find: (id) => {
      const row = find.get(id);
      return row ? shown(row) : null;
    },
    list: () => list.all().map(shown),
    page: (limit, after, archivedToo) => {
      const { created_at, id } = after ?? newest;
      return page.all(created_at, id, Number(archivedToo), limit).map(shown);
    },
    insertRunning: (session) => insert.run(session),
    end: (id, status, exitCode, at) => end.run(status, exitCode, at, id),
  };
}

/** The fields of the API in Coven's order. */
function shown(row: Row): Session {
  return {
    id: row.id,
    project_root: row.project_root,
    harness: row.harness,
    title: row.title,
    status: row.status,
    exit_code: row.exit_code,
    archived_at: row.archived_at,
    created_at: row.created_at,
    updated_at: row.updated_at,
    conversation_id: row.conversation_id,
    familiar_id: row.familiar_id,
    execution_binding: parsed(row.execution_binding_json),
    labels: parsed(row.labels) ?? [],
    visibility: row.visibility,
    external: row.external !== 0,
    transcript_path: row.transcript_path,
  };
}

/** One row that somebody spoiled must not hide the others. */
function parsed(json: string | null): unknown {
  try {
    return json === null ? null : JSON.parse(json);
  } catch {
    return null;
  }
}
