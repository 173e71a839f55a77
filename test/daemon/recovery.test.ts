import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { expect, test } from 'vitest';
import { makeWorld, ours, startDaemon, until } from '../../fixtures/daemon/daemon.ts';
import { makeScratch } from '../../fixtures/scratch.ts';

test('a start after kill -9 settles what was left, keeps everything else and says so', async () => {
  await using scratch = await makeScratch();
  const first = await startDaemon(scratch, makeWorld(scratch), ours);
  const id = await first.launch('echo hello; sleep 600');
  await until(async () => (await first.events(id)).length > 0);
  const before = await first.events(id);
  await first.end('SIGKILL');

  const ledger = new Database(join(first.home, 'coven.sqlite3'));
  const insert = ledger.prepare(
    `INSERT INTO sessions (id, project_root, harness, title, status, created_at, updated_at, external, exit_code, labels)
     VALUES (?, '/p', 'codex', 't', ?, ?, ?, ?, 7, '["kept"]')`,
  );
  const ago = (seconds: number): string => new Date(Date.now() - seconds * 1000).toISOString().replace('Z', '000000Z');
  const rows: readonly (readonly [id: string, status: string, age: number, external: number])[] = [
    ['external', 'running', 9000, 1],
    ['external-created', 'created', 9000, 1],
    ['fresh', 'created', 30, 0],
    ['stranded', 'created', 3600, 0],
    ['done', 'completed', 9000, 0],
    ['idle', 'idle', 9000, 0],
    ['unknown', 'frobnicated', 9000, 0],
  ];
  for (const [row, status, age, external] of rows) insert.run(row, status, ago(age), ago(age), external);
  ledger.close();

  const second = await startDaemon(scratch, first, ours);
  const { body } = await second.request('GET', '/sessions');
  const status = Object.fromEntries(body.map((row: { id: string; status: string }) => [row.id, row.status]));
  expect(status).toEqual({
    [id]: 'orphaned',
    external: 'running',
    'external-created': 'created',
    fresh: 'created',
    stranded: 'failed',
    done: 'completed',
    idle: 'idle',
    unknown: 'frobnicated',
  });
  const stranded = body.find((row: { id: string }) => row.id === 'stranded');
  expect(stranded).toMatchObject({ exit_code: 7, labels: ['kept'], title: 't' });
  expect(await second.events(id)).toEqual(before);
  expect(readFileSync(join(second.home, 'daemon-recovery.log'), 'utf8')).toContain(
    'recovery: 1 running sessions orphaned, 1 created sessions failed',
  );
  expect((await second.request('POST', `/sessions/${id}/kill`)).body.error.code).toBe('session_not_live');
});

test('pages of sessions and events go through everything once', async () => {
  await using scratch = await makeScratch();
  const world = makeWorld(scratch);
  const seed = await startDaemon(scratch, world, ours);
  await seed.end('SIGTERM');
  const ledger = new Database(join(world.home, 'coven.sqlite3'));
  const session = ledger.prepare(
    "INSERT INTO sessions (id, project_root, harness, title, status, archived_at, created_at, updated_at) VALUES (?, '/p', 'codex', 't', 'completed', ?, ?, '')",
  );
  const event = ledger.prepare(
    "INSERT INTO events (id, session_id, kind, payload_json, created_at) VALUES (?, ?, 'output', '{}', ?)",
  );
  // Many with the same time: the id then decides.
  for (let n = 0; n < 25; n += 1) session.run(`s${n}`, n % 5 === 0 ? 'archived' : null, `2026-01-01T00:00:0${n % 3}Z`);
  for (let n = 0; n < 30; n += 1)
    event.run(`e${n}`, `s${n % 2}`, `2026-01-01T00:00:${String(59 - n).padStart(2, '0')}Z`);
  ledger.close();

  const daemon = await startDaemon(scratch, world, ours);
  const seen: string[] = [];
  for (let cursor: string | null = ''; cursor !== null; ) {
    const path: string = `/sessions?limit=4&includeArchived=true${cursor && `&cursor=${cursor}`}`;
    const { body } = await daemon.request('GET', path);
    seen.push(...body.sessions.map(({ id }: { id: string }) => id));
    cursor = body.next_cursor;
  }
  expect(new Set(seen).size).toBe(25);
  expect(seen).toHaveLength(25);
  expect((await daemon.request('GET', '/sessions')).body).toHaveLength(20);

  const seqs: number[] = [];
  for (let after = 0, more = true; more; ) {
    const { body } = await daemon.request('GET', `/sessions/s1/events?limit=4&afterSeq=${after}`);
    seqs.push(...body.events.map(({ seq }: { seq: number }) => seq));
    more = body.hasMore;
    after = body.nextCursor.afterSeq;
  }
  expect(seqs).toEqual(Array.from({ length: 15 }, (_, n) => 2 * n + 2));
});
