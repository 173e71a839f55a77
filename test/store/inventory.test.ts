import { join } from 'node:path';
import Database from 'better-sqlite3';
import { expect, test, vi } from 'vitest';
import { makeHome } from '../../fixtures/home.ts';
import { makeScratch } from '../../fixtures/scratch.ts';
import { names } from '../../src/coven/layout.ts';
import { patience } from '../../src/sqlite/patience.ts';
import { takeInventory } from '../../src/store/inventory.ts';

test('all events of a session are counted, and the kinds of its newest', async () => {
  await using scratch = await makeScratch();
  const rows = [
    { id: 'long', status: 'completed' },
    { id: 'short', status: 'completed' },
  ];
  const home = makeHome(join(scratch.path, 'home'), { rows, events: 1000 });
  const db = new Database(join(home, names.ledger));
  db.exec(`INSERT INTO events (id, session_id, kind, payload_json, created_at) VALUES ('last', 'long', 'exit', '{}', '9999'),
    ('only', 'short', 'exit', '{}', '9999')`);
  try {
    const { sessions } = takeInventory(db, { titles: false, eventsOf: null, budgetMs: 60_000 });
    expect(Object.fromEntries(sessions.map(({ id, events }) => [id, events]))).toEqual({
      long: { total: 1001, kinds: { exit: 1, output: 99 }, counted: 100 },
      short: { total: 1, kinds: { exit: 1 }, counted: 1 },
    });
  } finally {
    db.close();
  }
});

test('how much of its time is left is no question that costs more than the work', () => {
  vi.useFakeTimers({ toFake: ['performance'] });
  const asked = vi.spyOn(process, 'cpuUsage');
  try {
    const isOver = patience(1000);
    for (let page = 0; page < 1000; page += 1) expect(isOver()).toBe(false);
    expect(asked.mock.calls.length).toBeLessThan(5);
    asked.mockReturnValue({ user: 1e12, system: 0 });
    vi.advanceTimersByTime(2);
    expect(isOver()).toBe(true);
  } finally {
    vi.useRealTimers();
    asked.mockRestore();
  }
});
