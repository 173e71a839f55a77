/**
 * The core of Coven's ledger, word for word as Coven 0.4.6 creates it (dumped from `sqlite_master`), so that Coven opens
 * and migrates a ledger made here. Its other tables are Coven's own affair and are made by it when it needs them.
 */
export const tables = `
CREATE TABLE IF NOT EXISTS sessions (
            id TEXT PRIMARY KEY NOT NULL,
            project_root TEXT NOT NULL,
            harness TEXT NOT NULL,
            title TEXT NOT NULL,
            status TEXT NOT NULL,
            exit_code INTEGER,
            archived_at TEXT,
            created_at TEXT NOT NULL,
            updated_at TEXT NOT NULL,
            conversation_id TEXT,
            labels TEXT,
            visibility TEXT NOT NULL DEFAULT 'private',
            familiar_id TEXT,
            execution_binding_json TEXT,
            external INTEGER NOT NULL DEFAULT 0,
            transcript_path TEXT
        , transcript_indexed_at TEXT);
CREATE TABLE IF NOT EXISTS request_adoptions (
            id TEXT PRIMARY KEY NOT NULL,
            adoption_key TEXT,
            contract TEXT,
            operation TEXT NOT NULL CHECK (operation IN ('launch', 'input')),
            request_digest TEXT NOT NULL,
            session_id TEXT NOT NULL,
            execution_binding_json TEXT NOT NULL,
            principal_ref TEXT,
            project_digest TEXT,
            graph_id TEXT,
            node_id TEXT,
            attempt_id TEXT,
            adopted_at TEXT NOT NULL,
            FOREIGN KEY (session_id) REFERENCES sessions(id) ON DELETE RESTRICT,
            CHECK (
                (adoption_key IS NULL AND contract IS NULL AND operation = 'launch')
                OR
                (adoption_key IS NOT NULL AND contract IS NOT NULL)
            ),
            CHECK (
                (operation = 'launch'
                    AND principal_ref IS NOT NULL
                    AND project_digest IS NOT NULL
                    AND graph_id IS NOT NULL
                    AND node_id IS NOT NULL
                    AND attempt_id IS NOT NULL)
                OR
                (operation = 'input'
                    AND adoption_key IS NOT NULL
                    AND principal_ref IS NULL
                    AND project_digest IS NULL
                    AND graph_id IS NULL
                    AND node_id IS NULL
                    AND attempt_id IS NULL)
            )
        );
CREATE TABLE IF NOT EXISTS events (
            id TEXT PRIMARY KEY NOT NULL,
            session_id TEXT NOT NULL,
            kind TEXT NOT NULL,
            payload_json TEXT NOT NULL,
            created_at TEXT NOT NULL,
            redaction_status TEXT NOT NULL DEFAULT 'redacted',
            sensitive INTEGER NOT NULL DEFAULT 0,
            request_adoption_id TEXT REFERENCES request_adoptions(id) ON DELETE RESTRICT,
            FOREIGN KEY (session_id) REFERENCES sessions(id) ON DELETE CASCADE
        );
CREATE TABLE IF NOT EXISTS store_meta (
            key TEXT PRIMARY KEY NOT NULL,
            value TEXT NOT NULL
        );
CREATE VIRTUAL TABLE IF NOT EXISTS events_fts USING fts5(
            payload_json,
            content='events',
            content_rowid='rowid'
        );
`;

/** Columns that ledgers of older releases lack, in the order in which Coven came to have them. */
export const laterColumns = {
  sessions: {
    exit_code: 'INTEGER',
    archived_at: 'TEXT',
    conversation_id: 'TEXT',
    labels: 'TEXT',
    visibility: "TEXT NOT NULL DEFAULT 'private'",
    familiar_id: 'TEXT',
    execution_binding_json: 'TEXT',
    external: 'INTEGER NOT NULL DEFAULT 0',
    transcript_path: 'TEXT',
    transcript_indexed_at: 'TEXT',
  },
  events: {
    redaction_status: "TEXT NOT NULL DEFAULT 'legacy'",
    sensitive: 'INTEGER NOT NULL DEFAULT 0',
    request_adoption_id: 'TEXT REFERENCES request_adoptions(id) ON DELETE RESTRICT',
  },
} as const;

/** Indexes and the triggers that keep the full-text index: what needs the later columns. */
export const indexesAndTriggers = `
CREATE INDEX IF NOT EXISTS idx_sessions_created_at
            ON sessions(created_at DESC);
CREATE INDEX IF NOT EXISTS idx_sessions_conversation_id
            ON sessions(conversation_id);
CREATE INDEX IF NOT EXISTS idx_sessions_familiar_id
            ON sessions(familiar_id) WHERE familiar_id IS NOT NULL;
CREATE INDEX IF NOT EXISTS idx_events_session_created_at
            ON events(session_id, created_at);
CREATE INDEX IF NOT EXISTS idx_events_created_at
            ON events(created_at);
CREATE TRIGGER IF NOT EXISTS events_fts_insert AFTER INSERT ON events BEGIN
            INSERT INTO events_fts(rowid, payload_json) VALUES (new.rowid, new.payload_json);
        END;
CREATE TRIGGER IF NOT EXISTS events_fts_delete AFTER DELETE ON events BEGIN
            INSERT INTO events_fts(events_fts, rowid, payload_json) VALUES('delete', old.rowid, old.payload_json);
        END;
CREATE TRIGGER IF NOT EXISTS events_fts_update AFTER UPDATE ON events BEGIN
            INSERT INTO events_fts(events_fts, rowid, payload_json) VALUES('delete', old.rowid, old.payload_json);
            INSERT INTO events_fts(rowid, payload_json) VALUES (new.rowid, new.payload_json);
        END;
`;
