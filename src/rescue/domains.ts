import type Database from 'better-sqlite3';
import { quote } from '../sqlite/names.ts';
import { isOneByteOff } from './one-byte.ts';

/**
 * Columns of a few words that no index covers, with those that Coven is known to write. Sources: coven-observed.md, sections 1.1
 * and 5, and the schema of Coven.
 */
const vocabularies: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = {
  events: {
    kind: [
      ...['output', 'input', 'exit', 'kill', 'cast', 'error', 'output_truncated', 'patch_metadata', 'transcript_text'],
      ...['tool_call', 'tool_result'],
    ],
    redaction_status: ['clean', 'redacted', 'redacted_raw_encrypted', 'redacted_raw_unavailable', 'legacy'],
  },
  sessions: {
    status: ['created', 'running', 'completed', 'failed', 'orphaned', 'killed', 'cancelled', 'idle'],
    harness: ['codex', 'claude', 'coven-code', 'copilot'],
    visibility: ['private'],
  },
};

/** Words that occur seldom; a column of more different ones holds no vocabulary. */
const seldom = 2;
const wordLimit = 500;

/** Rows of which a word is that of many others but for one byte: a damaged one, and nothing that Coven writes. */
export function misspelt(db: Database.Database): readonly { readonly table: string; readonly rowid: number }[] {
  const found: { table: string; rowid: number }[] = [];
  for (const [table, columns] of Object.entries(vocabularies)) {
    const known = db.prepare('SELECT name FROM pragma_table_info(?)').pluck().all(table) as string[];
    for (const [column, words] of Object.entries(columns)) {
      if (!known.includes(column)) continue;
      const counts = db
        .prepare(`SELECT ${column} AS word, count(*) AS n FROM ${quote(table)} GROUP BY ${column} LIMIT ${wordLimit}`)
        .all() as { word: unknown; n: number }[];
      const usual = [...words, ...counts.filter(({ n }) => n > 4 * seldom).map(({ word }) => word)];
      const select = db.prepare(`SELECT rowid FROM ${quote(table)} WHERE ${column} = ?`).pluck();
      for (const { word, n } of counts)
        if (n <= seldom && !words.includes(String(word)) && usual.some((other) => isOneByteOff(word, other)))
          for (const rowid of select.all(word) as number[]) found.push({ table, rowid });
    }
  }
  return found;
}
