/**
 * Tables and columns without which Coven cannot work on a ledger, and which no start adds. Columns of later releases are
 * added by Coven when it opens an older ledger. Source: the schema of 0.4.6 and its migrations.
 */
export const coreColumns: Readonly<Record<string, readonly string[]>> = {
  sessions: ['id', 'project_root', 'harness', 'title', 'status', 'created_at', 'updated_at'],
  events: ['id', 'session_id', 'kind', 'payload_json', 'created_at'],
};

/**
 * Every column that this release knows in those tables. A ledger is migrated by adding columns, and carries no version:
 * one that it does not know was added by a later Coven.
 */
export const knownColumns: { readonly version: string; readonly tables: Readonly<Record<string, readonly string[]>> } =
  {
    version: '0.4.6',
    tables: {
      sessions: [
        ...['id', 'project_root', 'harness', 'title', 'status', 'exit_code', 'archived_at', 'created_at', 'updated_at'],
        ...['conversation_id', 'labels', 'visibility', 'familiar_id', 'execution_binding_json', 'external'],
        ...['transcript_path', 'transcript_indexed_at'],
      ],
      events: [
        ...['id', 'session_id', 'kind', 'payload_json', 'created_at', 'redaction_status', 'sensitive'],
        'request_adoption_id',
      ],
    },
  };

/** Triggers and indexes that Coven makes on those tables. Source: the schema of 0.4.6. */
export const knownAdditions: readonly string[] = [
  ...['idx_sessions_created_at', 'idx_sessions_conversation_id', 'idx_sessions_familiar_id'],
  ...['idx_events_session_created_at', 'idx_events_created_at', 'events_request_adoption'],
  ...['events_fts_insert', 'events_fts_delete', 'events_fts_update'],
  ...['events_request_adoption_integrity', 'events_request_adoption_update_integrity'],
  'events_request_adoption_no_rebind',
];

/** Tables that every Coven knows, the minimal daemon included. */
export const coreTables: readonly string[] = ['sessions', 'events', 'store_meta', 'request_adoptions'];
