/**
 * Tables and columns without which Coven cannot work on a ledger, and which no start adds. Columns of later releases are
 * added by Coven when it opens an older ledger. Source: the schema of 0.4.6 and its migrations.
 */
export const coreColumns: Readonly<Record<string, readonly string[]>> = {
  sessions: ['id', 'project_root', 'harness', 'title', 'status', 'created_at', 'updated_at'],
  events: ['id', 'session_id', 'kind', 'payload_json', 'created_at'],
};

/** Tables that every Coven knows, the minimal daemon included. */
export const coreTables: readonly string[] = ['sessions', 'events', 'store_meta', 'request_adoptions'];
