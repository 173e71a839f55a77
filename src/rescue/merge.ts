import { statSync } from 'node:fs';
import { join } from 'node:path';
import Database from '../child/sqlite.ts';
import { quote } from '../sqlite/names.ts';
import { leftOut, type NamedRow } from './left-out.ts';
import { placeholderTitle } from './placeholder.ts';
import type { Merged, MergeReport, MergeRequest, RecordedLoss } from './report.ts';
import { check } from './rescue.ts';

/** Sessions that were left out and are named, and those of which something was taken. */
const [toldIds, toldTaken] = [100, 10_000];

/**
 * Puts rows of one rescued ledger into another. What was deleted on purpose must not come back: of a ledger with the same
 * history only rows come whose place the damaged one still names. Where the two have nothing in common, the one was
 * made anew beside the other, and all of it comes. Both are files of ours, so that they may be opened.
 */
export function merge({ into, from, scratch, sessions, recorded, unaccounted }: MergeRequest): Merged {
  const db = new Database(into);
  try {
    for (const pragma of ['trusted_schema = OFF', 'foreign_keys = OFF', 'cache_size = -32000']) db.pragma(pragma);
    db.prepare('ATTACH ? AS other').run(from);
    db.prepare('ATTACH ? AS notes').run(join(scratch, 'candidates'));
    // What the file brought with it does not run.
    const own = dropViewsAndTriggers(db, 'main');
    dropViewsAndTriggers(db, 'other');
    const way = hasCommonRows(db) ? 'fill' : 'join';
    choose(db, way);
    if (way === 'fill') chooseRecorded(db, recorded);
    chooseWanted(db, sessions);
    db.exec('BEGIN');
    copySessions(db);
    copyEvents(db);
    db.exec('COMMIT');
    const hasSearch = db.prepare("SELECT count(*) FROM main.sqlite_schema WHERE name = 'events_fts'").pluck().get();
    if (hasSearch === 1) db.exec("INSERT INTO main.events_fts(events_fts) VALUES('rebuild')");
    const told = tellMerge(db, way);
    const unknown = sessions.filter((id) => !holds(db, id));
    const left = stillOut(db, unaccounted);
    db.exec('DETACH other; DETACH notes');
    const checks = check(db);
    for (const sql of own) db.prepare(sql).run();
    db.pragma('wal_checkpoint(TRUNCATE)');
    db.close();
    return { merge: { ...told, unknown, checks, bytes: statSync(into).size }, left };
  } finally {
    if (db.open) db.close();
  }
}

/** Their statements, views first. A view in the place of a table may have rows without end. */
function dropViewsAndTriggers(db: Database.Database, schema: 'main' | 'other'): readonly string[] {
  const found = db
    .prepare(
      `SELECT type, name, sql FROM ${schema}.sqlite_schema WHERE type IN ('view', 'trigger') ORDER BY type DESC, rowid`,
    )
    .all() as { type: string; name: string; sql: string }[];
  // A trigger on a view goes with it.
  for (const { type, name } of found.toReversed()) db.exec(`DROP ${type} ${schema}.${quote(name)}`);
  return found.map(({ sql }) => sql);
}

const one = (db: Database.Database, sql: string): number => db.prepare(sql).pluck().get() as number;

const hasCommonRows = (db: Database.Database): boolean =>
  one(
    db,
    `SELECT EXISTS (SELECT 1 FROM main.sessions JOIN other.sessions USING (id))
         OR EXISTS (SELECT 1 FROM main.events JOIN other.events USING (id))
         OR EXISTS (SELECT 1 FROM notes.told WHERE name IN ('sessions', 'events'))`,
  ) === 1;

/**
 * Which rows come, in `sess` and `ev`. A row that is named is the same one where nothing that an index says of it differs: a
 * rowid alone may have been given anew.
 */
function choose(db: Database.Database, way: MergeReport['way']): void {
  db.exec('CREATE TEMP TABLE sess(id TEXT PRIMARY KEY, at INTEGER, what TEXT)');
  db.exec('CREATE TEMP TABLE ev(at INTEGER PRIMARY KEY, id TEXT, session TEXT, what TEXT, seq INTEGER)');
  if (way === 'join') {
    db.exec("INSERT INTO sess SELECT id, rowid, 'new' FROM other.sessions");
    db.exec("INSERT INTO ev SELECT rowid, id, session_id, 'new', rowid FROM other.events");
    return;
  }
  db.prepare(
    `INSERT OR IGNORE INTO sess SELECT o.id, o.rowid, t.what FROM notes.told t JOIN other.sessions o ON o.id = t.id
       WHERE t.name = 'sessions' AND NOT EXISTS (SELECT 1 FROM main.sessions m WHERE m.id = o.id AND m.title <> ?)`,
  ).run(placeholderTitle);
  db.exec(
    `INSERT OR IGNORE INTO ev SELECT o.rowid, o.id, o.session_id, t.what, o.rowid FROM notes.told t
       JOIN other.events o ON o.rowid = t.row
      WHERE t.name = 'events' AND (t.id = o.id OR (t.id IS NULL AND t.session = o.session_id AND t.time = o.created_at))
        AND coalesce(t.session, o.session_id) = o.session_id AND coalesce(t.time, o.created_at) = o.created_at
        AND NOT EXISTS (SELECT 1 FROM main.events m WHERE m.rowid = o.rowid OR m.id = o.id)
        AND (o.session_id IN (SELECT id FROM main.sessions) OR o.session_id IN (SELECT id FROM sess))`,
  );
}

/** What an earlier rescue lost and no row has by now, of sessions that are still there. */
function chooseRecorded(db: Database.Database, recorded: readonly RecordedLoss[]): void {
  const row = db.prepare(
    `INSERT OR IGNORE INTO sess SELECT o.id, o.rowid, 'recorded' FROM other.sessions o
       JOIN main.sessions m ON m.id = o.id AND m.title = @title WHERE o.id = @session`,
  );
  const events = db.prepare(
    `INSERT OR IGNORE INTO ev SELECT o.rowid, o.id, o.session_id, 'recorded', o.rowid FROM other.events o
      WHERE o.rowid BETWEEN @first AND @last AND @session IN ('', o.session_id)
        AND NOT EXISTS (SELECT 1 FROM main.events m WHERE m.id = o.id)
        AND o.session_id IN (SELECT id FROM main.sessions)`,
  );
  for (const { session, seqs, row: hasLostRow } of recorded) {
    if (hasLostRow) row.run({ session, title: placeholderTitle });
    for (const [first, last] of seqs) events.run({ session, first, last });
  }
}

const holds = (db: Database.Database, session: string): boolean =>
  db.prepare('SELECT 1 FROM other.sessions WHERE id = ?').get(session) !== undefined;

/** What of the sessions that are wanted the first ledger lacks. One of its own rows is not replaced. */
function chooseWanted(db: Database.Database, sessions: readonly string[]): void {
  const row = db.prepare(
    `INSERT OR IGNORE INTO sess SELECT id, rowid, 'wanted' FROM other.sessions o
      WHERE o.id = ? AND NOT EXISTS (SELECT 1 FROM main.sessions m WHERE m.id = o.id AND m.title <> ?)`,
  );
  const events = db.prepare(
    `INSERT OR IGNORE INTO ev SELECT rowid, id, session_id, 'wanted', rowid FROM other.events o
      WHERE o.session_id = ? AND NOT EXISTS (SELECT 1 FROM main.events m WHERE m.id = o.id)`,
  );
  for (const id of sessions) {
    row.run(id, placeholderTitle);
    events.run(id);
  }
}

const columnsOf = (db: Database.Database, schema: string, table: string): readonly string[] =>
  db.prepare('SELECT name FROM pragma_table_info(?, ?)').pluck().all(table, schema) as string[];

/** Columns of either, quoted; one that only the other ledger has would be lost, and is no reason to lose the row. */
function common(db: Database.Database, table: string): readonly string[] {
  const theirs = new Set(columnsOf(db, 'other', table));
  return columnsOf(db, 'main', table)
    .filter((name) => theirs.has(name))
    .map(quote);
}

function copySessions(db: Database.Database): void {
  const columns = common(db, 'sessions').join(', ');
  // A placeholder makes room for the row that it stands for.
  db.exec('DELETE FROM main.sessions WHERE id IN (SELECT id FROM sess)');
  // Their own rowids first: those that are given to the others come after all of these.
  db.exec('CREATE TEMP TABLE displaced AS SELECT id FROM sess WHERE at IN (SELECT rowid FROM main.sessions)');
  for (const [rowid, isIn] of [
    ['o.rowid', 'NOT IN'],
    ['NULL', 'IN'],
  ])
    db.exec(
      `INSERT INTO main.sessions (rowid, ${columns}) SELECT ${rowid}, ${columns} FROM other.sessions o
        WHERE o.id IN (SELECT id FROM sess) AND o.id ${isIn} (SELECT id FROM displaced) ORDER BY o.rowid`,
    );
  // No process of it lives by now, and Coven would look for one.
  db.exec(
    "UPDATE main.sessions SET status = 'orphaned' WHERE id IN (SELECT id FROM sess) AND status IN ('running', 'created')",
  );
}

/** Events keep their seq. Where one of a session is taken, all of them get new ones, in their order. */
function copyEvents(db: Database.Database): void {
  const columns = common(db, 'events');
  db.exec(
    `CREATE TEMP TABLE crowded AS SELECT DISTINCT session FROM ev WHERE EXISTS (SELECT 1 FROM main.events m WHERE m.rowid = ev.at)`,
  );
  const next = one(
    db,
    'SELECT max(coalesce((SELECT max(rowid) FROM main.events), 0), coalesce((SELECT max(at) FROM ev), 0)) + 1',
  );
  db.exec('CREATE TEMP TABLE moved(at INTEGER PRIMARY KEY, seq INTEGER)');
  db.prepare(
    `INSERT INTO moved SELECT at, ? + row_number() OVER (ORDER BY at) - 1 FROM ev
      WHERE session IN (SELECT session FROM crowded)`,
  ).run(next);
  db.exec('UPDATE ev SET seq = (SELECT seq FROM moved WHERE moved.at = ev.at) WHERE at IN (SELECT at FROM moved)');
  db.exec(
    `INSERT INTO main.events (rowid, ${columns.join(', ')}) SELECT ev.seq, ${columns.map((name) => `o.${name}`).join(', ')}
       FROM ev JOIN other.events o ON o.rowid = ev.at ORDER BY ev.seq`,
  );
}

/** What the first ledger names and the other one did not bring. */
function stillOut(db: Database.Database, unaccounted: number | null): Merged['left'] {
  const named = db.prepare(
    `SELECT t.name AS "table", t.row AS rowid, t.what, t.why, t.id, t.session, t.time, coalesce(ev.session, sess.id) AS filled
       FROM notes.told t LEFT JOIN ev ON t.name = 'events' AND ev.at = t.row AND ev.what = t.what
       LEFT JOIN sess ON t.name = 'sessions' AND sess.id = t.id
      ORDER BY t.rowid`,
  );
  const placeholders = db.prepare('SELECT id FROM main.sessions WHERE title = ?').pluck().all(placeholderTitle);
  const bounds = { isBlind: unaccounted !== null, mostEvents: unaccounted ?? 0 };
  return leftOut(
    db,
    () => named.iterate() as IterableIterator<NamedRow>,
    new Set(placeholders as readonly string[]),
    bounds,
  );
}

function tellMerge(db: Database.Database, way: MergeReport['way']): Omit<MergeReport, 'checks' | 'bytes' | 'unknown'> {
  const count = (table: string, what: string): number =>
    one(db, `SELECT count(*) FROM ${table} WHERE what = '${what}'`);
  const taken = db
    .prepare(
      `SELECT s.id AS session, EXISTS (SELECT 1 FROM sess WHERE sess.id = s.id) AS row, count(ev.at) AS events,
              coalesce(sum(ev.what = 'lost'), 0) AS lost, coalesce(sum(ev.what = 'uncertain'), 0) AS uncertain,
              coalesce(sum(ev.what = 'recorded'), 0) AS recorded
         FROM (SELECT id FROM sess UNION SELECT session FROM ev) s LEFT JOIN ev ON ev.session = s.id GROUP BY s.id LIMIT ${toldTaken}`,
    )
    .all() as (Omit<MergeReport['taken'][number], 'row'> & { row: number })[];
  const left = 'FROM other.sessions o WHERE o.id NOT IN (SELECT id FROM main.sessions)';
  const leftEvents = 'FROM other.events o WHERE o.id NOT IN (SELECT id FROM main.events)';
  return {
    way,
    sessions: one(db, 'SELECT count(*) FROM (SELECT id FROM sess UNION SELECT session FROM ev)'),
    rows: one(db, 'SELECT count(*) FROM sess'),
    events: one(db, 'SELECT count(*) FROM ev'),
    moved: one(db, 'SELECT count(*) FROM ev WHERE seq <> at'),
    taken: taken.map((of) => ({ ...of, row: of.row === 1 })),
    filled: (
      [
        ['sessions', 'sess'],
        ['events', 'ev'],
      ] as const
    ).map(([table, name]) => ({
      table,
      rows: one(db, `SELECT count(*) FROM ${name}`),
      lost: count(name, 'lost'),
      uncertain: count(name, 'uncertain'),
    })),
    leftOut: {
      sessions: one(db, `SELECT count(*) ${left}`),
      events: one(db, `SELECT count(*) ${leftEvents}`),
      ids: db
        .prepare(`SELECT id ${left} UNION SELECT session_id ${leftEvents} ORDER BY 1 LIMIT ${toldIds}`)
        .pluck()
        .all() as string[],
    },
  };
}
