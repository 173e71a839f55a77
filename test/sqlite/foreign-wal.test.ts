// A WAL that lies beside the main file of another home, or of a copy that went on, whatever the two hold.
import { randomUUID } from 'node:crypto';
import { copyFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { withoutCheckpoint } from '../../fixtures/damage/ledger.ts';
import { covenWorld } from '../../fixtures/damage/world.ts';
import { findRealCoven } from '../../fixtures/real-coven.ts';
import { makeScratch, type Scratch } from '../../fixtures/scratch.ts';
import { withLedger } from '../../src/sqlite/files.ts';
import { isForeign } from '../../src/sqlite/fork.ts';

const real = findRealCoven();
const binary = 'path' in real ? real.path : null;
const sizes = [0, 1, 3, 50, 5000];

let scratch: Scratch;
let homes: readonly string[] = [];
let theirs: readonly { readonly before: number; readonly after: number; readonly path: string }[] = [];

beforeAll(async () => {
  scratch = await makeScratch();
  if (!binary) return;
  homes = ['ours', 'theirs'].map((name) => {
    const world = covenWorld(join(scratch.path, name), binary);
    for (const command of ['start', 'stop']) expect(world.coven('daemon', command).status).toBe(0);
    const ledger = join(world.home, 'coven.sqlite3');
    const db = new Database(ledger);
    db.pragma('wal_checkpoint(TRUNCATE)');
    db.close();
    return ledger;
  });
  theirs = sizes.flatMap((before) =>
    [1, 50, 700].map((after) => ({ before, after, path: grown(homes[1] as string, before, after) })),
  );
}, 300_000);

afterAll(() => scratch[Symbol.asyncDispose]());

/** Sessions with so many events in all, one commit for each session and one for its events. */
function add(db: Database.Database, events: number): void {
  const now = new Date().toISOString();
  const session = db.prepare(
    `INSERT INTO sessions (id, project_root, harness, title, status, created_at, updated_at)
     VALUES (?, '/p', 'codex', 't', 'completed', ?, ?)`,
  );
  const event = db.prepare(
    "INSERT INTO events (id, session_id, kind, payload_json, created_at) VALUES (?, ?, 'output', ?, ?)",
  );
  for (let left = events; left > 0; left -= 20) {
    const id = randomUUID();
    session.run(id, now, now);
    db.transaction(() => {
      for (let index = 0; index < Math.min(left, 20); index += 1)
        event.run(randomUUID(), id, JSON.stringify({ data: `some words ${randomUUID()}` }), now);
    })();
  }
}

let made = 0;

/** A copy of a ledger with so many more events in its main file, and so many in its WAL. */
function grown(from: string, inMain: number, inWal: number): string {
  made += 1;
  const folder = join(scratch.path, `grown-${made}`);
  mkdirSync(folder);
  const path = join(folder, 'coven.sqlite3');
  copyFileSync(from, path);
  const db = new Database(path);
  add(db, inMain);
  db.close();
  if (inWal > 0) withoutCheckpoint(path, (open) => add(open, inWal));
  return path;
}

const isOf = (path: string): boolean | null =>
  withLedger(
    path,
    () => false,
    (ledger) => isForeign(ledger, () => false),
  );

function verdict(main: string, wal: string): boolean | null {
  const mixed = join(scratch.path, 'mixed');
  copyFileSync(main, mixed);
  copyFileSync(`${wal}-wal`, `${mixed}-wal`);
  return isOf(mixed);
}

test.skipIf(!binary).each(sizes)(
  'the WAL of another home is foreign beside a main file with %i events',
  (rows) => {
    const ours = grown(homes[0] as string, rows, 0);
    const told = theirs.map(({ before, after, path }) => [before, after, verdict(ours, path)] as const);
    // Beside a new home that has no row, nothing of it can be lost, and of one that is hardly older nothing tells.
    const silent = rows === 0 ? [0, 1, 3] : [];
    expect(told.filter(([before, , is]) => is !== true && !silent.includes(before))).toEqual([]);
  },
  300_000,
);

test.skipIf(!binary).each(sizes)(
  'a WAL is not foreign beside its own main file with %i events',
  (rows) => {
    for (const after of [1, 50, 700]) expect(isOf(grown(homes[0] as string, rows, after))).not.toBe(true);
  },
  300_000,
);

test.skipIf(!binary).each(sizes)(
  'the WAL of a copy is foreign beside a main file with %i events that went on',
  (rows) => {
    const base = grown(homes[0] as string, rows, 0);
    const told = [1, 50, 700].flatMap((ours) =>
      [1, 50, 700].map((theirs) => [ours, theirs, verdict(grown(base, ours, 0), grown(base, 0, theirs))] as const),
    );
    // Of as many pages as the other, and with the same counter, ids alone tell, and not each time.
    expect(told.filter(([ours, theirs, is]) => is !== true && ours !== theirs)).toEqual([]);
  },
  300_000,
);
