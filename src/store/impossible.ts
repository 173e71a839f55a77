import { isUtf8 } from 'node:buffer';
import type { Database } from 'better-sqlite3';
import type { ImpossibleValue } from '../model/observation.ts';
import { patience } from '../sqlite/patience.ts';
import { whole } from '../sqlite/whole.ts';

/** Values that are told, and the rows that are read between two looks at the clock. */
const told = 20;
const chunk = 500;
/** Of CPU time. */
/** Of CPU time. */
const budgetMs = 300;

/**
 * What Coven 0.4.6 demands of the columns of a session when it lists them, whatever SQLite keeps in them. Source: each was tried with
 * fourteen values on the program, and one row of any other refuses the whole list (test/rehearsal.test.ts tries some again).
 */
const columns: Readonly<Record<string, 'text' | 'integer' | 'list' | 'object'>> = {
  ...Object.fromEntries(
    [
      ...['id', 'project_root', 'harness', 'title', 'status', 'archived_at', 'created_at', 'updated_at'],
      ...['conversation_id', 'visibility', 'familiar_id', 'transcript_path'],
    ].map((name) => [name, 'text' as const]),
  ),
  exit_code: 'integer',
  external: 'integer',
  labels: 'list',
  execution_binding_json: 'object',
};

/** SQL of what a value is instead of what it must be; null where it is right. The text of a blob is read by nothing. */
function wrong(column: string, demand: string): string {
  const type = `typeof(${column})`;
  const cases = {
    text: '',
    integer: `WHEN ${type} = 'integer' THEN CASE WHEN ${column} NOT BETWEEN -2147483648 AND 2147483647 THEN 'beyond-32-bits' END`,
    list: `WHEN ${type} = 'text' THEN CASE WHEN NOT json_valid(${column}) THEN 'not-json'
             WHEN json_type(${column}) <> 'array' THEN 'not-a-list'
             WHEN EXISTS (SELECT 1 FROM json_each(${column}) WHERE type <> 'text') THEN 'not-a-list' END`,
    object: `WHEN ${type} = 'text' THEN CASE WHEN NOT json_valid(${column}) THEN 'not-json'
               WHEN json_type(${column}) <> 'object' OR json(${column}) = '{}' THEN 'not-an-object' END`,
  }[demand];
  const usual = demand === 'integer' ? 'integer' : 'text';
  return `CASE WHEN ${column} IS NULL THEN NULL ${cases} WHEN ${type} <> '${usual}' THEN ${type} END`;
}

export interface Impossible {
  readonly impossible: readonly ImpossibleValue[];
  /** Every row was read, and no more values were found than are told. */
  readonly impossibleComplete: boolean;
}

/** Values of session rows for which Coven refuses to list any session. In chunks by rowid, as far as the time allows. */
export function readImpossible(db: Database): Impossible {
  const known = db.prepare("SELECT name FROM pragma_table_info('sessions')").pluck().all() as string[];
  const demands = Object.entries(columns).filter(([name]) => known.includes(name));
  const select = demands
    .map(([name, demand], at) => `${wrong(name, demand)} AS w${at}, ${unusual(name)} AS u${at}`)
    .join(', ');
  const isFound = demands.map((_, at) => `w${at} IS NOT NULL OR u${at}`).join(' OR ');
  const rows = db.prepare(
    `SELECT * FROM (SELECT rowid AS rowid_, ${whole('id', 128, 'id_')}, ${select} FROM sessions
      WHERE rowid >= ? AND rowid < ?) WHERE ${isFound} LIMIT ${2 * told}`,
  );
  const next = db.prepare('SELECT min(rowid) FROM sessions WHERE rowid >= ?').pluck();
  const isOver = patience(budgetMs);
  const impossible: ImpossibleValue[] = [];
  for (
    let from = next.get(-(2 ** 53)) as number | null;
    from !== null;
    from = next.get(from + chunk) as number | null
  ) {
    for (const row of rows.all(from, from + chunk) as Record<string, string | number | null>[])
      for (const [at, [column]] of demands.entries()) {
        const holds = row[`w${at}`] ?? (row[`u${at}`] && !isText(db, column, row.rowid_) ? 'not-utf8' : null);
        if (holds === null) continue;
        if (impossible.length === told) return { impossible, impossibleComplete: false };
        impossible.push({
          id: String(row.id_),
          rowid: Number(row.rowid_),
          column,
          holds: holds as ImpossibleValue['holds'],
        });
      }
    if (isOver()) return { impossible, impossibleComplete: false };
  }
  return { impossible, impossibleComplete: true };
}

/** SQLite takes any bytes for text. Those that are no ASCII are looked at. */
const unusual = (column: string): string =>
  `(typeof(${column}) = 'text' AND ${column} GLOB '*[^' || char(1) || '-' || char(127) || ']*')`;

function isText(db: Database, column: string, rowid: unknown): boolean {
  const bytes = db.prepare(`SELECT CAST(${column} AS BLOB) FROM sessions WHERE rowid = ?`).pluck().get(rowid);
  return !Buffer.isBuffer(bytes) || isUtf8(bytes);
}
