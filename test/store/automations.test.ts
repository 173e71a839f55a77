import { join } from 'node:path';
import Database from 'better-sqlite3';
import { expect, test } from 'vitest';
import { type Definition, makeAutomations } from '../../fixtures/automations.ts';
import { makeHome } from '../../fixtures/home.ts';
import { makeScratch } from '../../fixtures/scratch.ts';
import { readAutomations } from '../../src/store/automations.ts';

/** What is read of a ledger with these automations, of which SQL then spoils something. */
async function read(definitions: readonly Definition[], sql = '') {
  await using scratch = await makeScratch();
  const ledger = join(makeHome(join(scratch.path, 'home'), { rows: [] }), 'coven.sqlite3');
  makeAutomations(ledger, definitions, [{ of: 'nightly', status: 'failed', startedAt: '2026-01-01T00:00:00Z' }]);
  const db = new Database(ledger);
  try {
    db.pragma('foreign_keys = OFF');
    db.exec(sql);
    return readAutomations(db);
  } finally {
    db.close();
  }
}

const nightly = { id: 'nightly', cwd: '/srv' };
const many = (count: number, more: Partial<Definition>): readonly Definition[] =>
  Array.from({ length: count }, (_, index) => ({ ...nightly, id: `a${index}`, ...more }));

test.each<[what: string, sql: string, unread: string]>([
  [
    'definitions that a later Coven keeps otherwise',
    'ALTER TABLE automation_definitions RENAME lifecycle_state TO life',
    'definitions',
  ],
  [
    'definitions that are a view',
    'ALTER TABLE automation_definitions RENAME TO kept; CREATE VIEW automation_definitions AS SELECT * FROM kept',
    'definitions',
  ],
  ['runs', 'ALTER TABLE automation_runs RENAME status TO state', 'runs'],
  ['the last pass', 'ALTER TABLE automation_scheduler_last_pass RENAME finished_at TO done_at', 'last-pass'],
])('what cannot be read is told, and hides nothing else: %s', async (_, sql, unread) => {
  const rows = await read([nightly], sql);
  expect(rows).toMatchObject({ unread, lastSweep: null });
  expect(rows?.list.map(({ called }) => called)).toEqual(unread === 'definitions' ? [] : ['nightly']);
});

test('removed automations take no place of one that runs, and an altered one is among those that are told', async () => {
  const rows = await read([...many(300, { removed: true }), nightly]);
  expect(rows).toMatchObject({ unread: null, list: [{ called: 'nightly' }] });
  expect((await read(many(201, {})))?.unread).toBe('more');
  const altered = await read([...many(200, {}), { ...nightly, removed: true, digest: 'other' }]);
  expect(altered?.list).toContainEqual(expect.objectContaining({ called: 'nightly', fault: 'altered' }));
});

test('a definition that is too large or too deep is not called one without a folder', async () => {
  const pad = `{"pad":"${'x'.repeat(300 * 1024)}"}`;
  expect((await read([{ ...nightly, json: pad }]))?.list).toMatchObject([{ called: 'nightly', fault: 'too-large' }]);
  const deep = (levels: number) => '['.repeat(levels) + ']'.repeat(levels);
  expect((await read([{ ...nightly, json: deep(100_000) }]))?.list).toMatchObject([{ fault: 'unreadable' }]);
});

test('no column is read beyond its bound', async () => {
  const long = (column: string) => `UPDATE automation_definitions SET ${column} = printf('%.*c', 100000, 'x')`;
  const rows = await read([nightly], `${long('lifecycle_state')}; ${long('definition_digest')}`).catch(() => null);
  expect(JSON.stringify(rows).length).toBeLessThan(2000);
});
