// A view in the place of a table may have rows without end: no job with a ledger asks one for them.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { expect, test } from 'vitest';
import { cli } from '../../fixtures/diagnose.ts';
import { editLedger, makeHome } from '../../fixtures/home.ts';
import { makeScratch } from '../../fixtures/scratch.ts';
import { merge } from '../../src/rescue/merge.ts';
import { rescue } from '../../src/rescue/rescue.ts';
import { readAutomations } from '../../src/store/automations.ts';
import { rowsOf } from '../../src/store/copy-content.ts';
import { takeInventory } from '../../src/store/inventory.ts';
import { work as newer } from '../../src/store/jobs/newer.ts';
import { readReplay } from '../../src/store/replay.ts';
import { readRows } from '../../src/store/rows.ts';
import { readSearch } from '../../src/store/search.ts';
import { readSessions } from '../../src/store/sessions.ts';

const rows = Array.from({ length: 3 }, (_, index) => ({ id: `session-${index}`, status: 'completed' }));

/** So many rows of a view, of each of which every column of the table is there; without a number, rows without end. */
function viewOf(ledger: string, table: string, most: number | null): void {
  const db = new Database(ledger);
  const columns = db.prepare('SELECT name FROM pragma_table_info(?)').pluck().all(table) as string[];
  const triggers = db.prepare("SELECT name FROM sqlite_schema WHERE type = 'trigger'").pluck().all() as string[];
  for (const name of triggers) db.exec(`DROP TRIGGER "${name}"`);
  db.pragma('legacy_alter_table = ON');
  db.exec(`ALTER TABLE ${table} RENAME TO was_${table}`);
  const end = most === null ? '' : ` WHERE n < ${most}`;
  db.exec(`CREATE VIEW ${table} AS WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r${end})
    SELECT n AS rowid, ${columns.map((name) => `'of the view' AS ${name}`).join(', ')} FROM r`);
  db.close();
}

test('a rescue and a backup of a ledger whose sessions are rows without end are over', async () => {
  await using scratch = await makeScratch();
  const home = makeHome(join(scratch.path, 'home'), { rows });
  viewOf(join(home, 'coven.sqlite3'), 'sessions', null);
  const rescued = await cli(['rescue', '--dry-run', '--json', '--home', home]);
  expect(rescued.stderr).toBe('');
  expect(JSON.parse(rescued.stdout)).toMatchObject({ sessions: [], refused: [], lost: 0 });
  expect((await cli(['backup', 'create', '--home', home])).stderr).not.toContain('bug of ours');
  expect((await cli(['sessions', '--json', '--home', home])).exitCode).toBe(3);
});

test('no row of a view is read as one of a session or an event', async () => {
  await using scratch = await makeScratch();
  const home = makeHome(join(scratch.path, 'home'), { rows });
  const ledger = join(home, 'coven.sqlite3');
  for (const table of ['sessions', 'events']) viewOf(ledger, table, 3);
  const db = new Database(ledger);
  try {
    expect(readSessions(db)).toMatchObject({ byStatus: {}, latest: [] });
    expect(readRows(db, null).changed).toEqual([]);
    expect(takeInventory(db, { titles: true, eventsOf: 'of the view', budgetMs: 1000 })).toMatchObject({
      sessions: [],
      events: null,
      code: 'SQLITE_ERROR',
    });
    expect(readReplay(db, { session: 'of the view', fromSeq: 0, limit: 10 }).events).toEqual([]);
    expect(rowsOf(db)).toMatchObject({ sessions: null, events: null });
    expect(readSearch(db, false, 0, () => false)).toBe(null);
    expect(() => newer({ ledger, than: ledger })).toThrow('sessions is a view');
    expect(readAutomations(db)).toBe(null);
  } finally {
    db.close();
  }
  mkdirSync(join(scratch.path, 'rescue'));
  const report = rescue(
    { ledger, scratch: join(scratch.path, 'rescue'), output: join(scratch.path, 'rescued') },
    () => undefined,
  );
  expect(report.sessions).toEqual([]);
  expect(JSON.stringify(report)).not.toContain('of the view');
});

test('views and triggers of a ledger are there after a merge, and none was asked meanwhile', async () => {
  await using scratch = await makeScratch();
  const home = makeHome(join(scratch.path, 'home'), { rows });
  const ledger = join(home, 'coven.sqlite3');
  editLedger(ledger, 'CREATE VIEW open AS SELECT id FROM sessions');
  editLedger(ledger, 'CREATE TRIGGER no_open INSTEAD OF DELETE ON open BEGIN SELECT 1; END');
  const made = (path: string): unknown => {
    const db = new Database(path, { readonly: true });
    const found = db
      .prepare("SELECT type, name, sql FROM sqlite_schema WHERE type IN ('view', 'trigger') ORDER BY name")
      .all();
    db.close();
    return found;
  };
  const [into, from] = ['into', 'from'].map((name) => {
    mkdirSync(join(scratch.path, name));
    const output = join(scratch.path, name, 'rescued');
    rescue({ ledger, scratch: join(scratch.path, name), output }, () => undefined);
    return output;
  }) as [string, string];
  const before = made(ledger);
  expect(before).toHaveLength(2);
  merge({ into, from, scratch: join(scratch.path, 'into'), sessions: [], recorded: [], unaccounted: null });
  expect(made(into)).toEqual(before);
});
