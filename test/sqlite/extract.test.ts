import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { expect, test } from 'vitest';
import { editLedger, makeHome } from '../../fixtures/home.ts';
import { makeScratch } from '../../fixtures/scratch.ts';
import { runReader } from '../../src/host/reader.ts';
import { readRows } from '../../src/store/rows.ts';

const why = existsSync('/dev/shm') ? null : 'there is no second file system at /dev/shm';
if (why) console.log(`no test of a ledger on a volume of its own: ${why}`);

test.skipIf(why !== null)(
  'a ledger that can be neither linked nor copied is read by its bytes, and SQLite reads a copy of all but the events',
  async () => {
    await using volume = await makeScratch('memory');
    await using scratch = await makeScratch();
    const home = makeHome(join(volume.path, 'home'), {
      rows: Array.from({ length: 300 }, (_, n) => ({ id: `session-${n}`, status: n === 7 ? 'running' : 'completed' })),
      events: 40,
    });
    const ledger = join(home, 'coven.sqlite3');
    editLedger(
      ledger,
      `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2500)
       INSERT INTO events (id, session_id, kind, payload_json, created_at)
       SELECT 'event-' || i, 'session-7', 'output', hex(zeroblob(15000)), '2026-11-01' FROM n`,
    );
    expect(statSync(ledger).size).toBeGreaterThan(64 * 1024 ** 2);
    const request = { ledger, scratch: scratch.path, deep: false, budgetMs: 150 };
    const { signal } = new AbortController();
    const { open, bytes, sessions, integrity, count } = await runReader(request, 60_000, signal, scratch.onEnd);
    expect(open).toMatchObject({ outcome: 'opened', way: 'pages' });
    expect(open.columns.events).toContain('payload_json');
    expect(sessions).toMatchObject({ outcome: 'read', byStatus: { completed: 299, running: 1 } });
    expect(bytes).toMatchObject({ outcome: 'read', map: { mapped: true, problemCount: 0 } });
    expect(integrity).toMatchObject({ complete: false, problems: [], tables: [] });
    // Rows are counted and sampled as SQLite does in the ledger itself.
    const db = new Database(ledger);
    const expected = readRows(db, null);
    db.close();
    expect(expected.tables.find(({ table }) => table === 'events')).toMatchObject({ rows: 2540, lastRowid: 2540 });
    expect(await count()).toEqual(expected);
    // The copy is a sparse file: what is not there takes no room.
    expect(statSync(join(scratch.path, 'coven.sqlite3')).blocks * 512).toBeLessThan(4 * 1024 ** 2);
  },
);
