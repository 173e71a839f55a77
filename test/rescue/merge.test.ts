// `rescue --merge`: what a damaged ledger lost comes back from a backup, and nothing that was deleted on purpose does.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { expect, test } from 'vitest';
import { backUp } from '../../fixtures/backup.ts';
import { cli, diagnose } from '../../fixtures/diagnose.ts';
import { damageTable, editLedger, makeHome } from '../../fixtures/home.ts';
import { findRealCoven } from '../../fixtures/real-coven.ts';
import { makeScratch } from '../../fixtures/scratch.ts';

const real = findRealCoven();
if ('why' in real) console.log(`no merge of ledgers of the real Coven: ${real.why}`);

const rows = Array.from({ length: 30 }, (_, index) => ({ id: `session-${index}`, status: 'completed' }));

interface Told {
  readonly ok: boolean;
  readonly lost: number;
  readonly merge: {
    readonly way: string;
    readonly sessions: number;
    readonly events: number;
    readonly moved: number;
    readonly leftOut: { readonly sessions: number; readonly events: number; readonly ids: readonly string[] };
  };
}

const hash = (home: string): string =>
  createHash('sha256')
    .update(readFileSync(join(home, 'coven.sqlite3')))
    .digest('hex');

function read<T>(home: string, sql: string): readonly T[] {
  const db = new Database(join(home, 'coven.sqlite3'));
  try {
    return db.prepare(sql).all() as T[];
  } finally {
    db.close();
  }
}

const events = (home: string) =>
  read<{ seq: number; id: string }>(home, 'SELECT rowid AS seq, id FROM events ORDER BY rowid');

test('a backup fills the events that the damaged ledger lost, each with its own seq; a session that was deleted stays deleted', async () => {
  await using scratch = await makeScratch();
  const home = makeHome(join(scratch.path, 'home'), { rows, events: 300 });
  const before = events(home);
  const { id } = await backUp(home);
  // Deleted on purpose, after the backup.
  editLedger(join(home, 'coven.sqlite3'), "DELETE FROM sessions WHERE id = 'session-7'");
  damageTable(join(home, 'coven.sqlite3'), 'events');
  const damaged = hash(home);
  const alone = JSON.parse((await cli(['rescue', '--dry-run', '--json', '--home', home])).stdout) as Told;
  expect(alone.lost).toBeGreaterThan(0);
  const offer = await cli(['rescue', '--dry-run', '--home', home]);
  expect(offer.stdout).toContain(`30 sessions, 300 events\n    coven-doctor rescue --merge ${id} --dry-run`);
  // What is to be looked at first stands first.
  expect(offer.stdout).toMatch(/Sound backups[\s\S]*\nNothing was changed\. Without a backup, this rescues it/);
  const seen = await cli(['rescue', '--merge', id, '--dry-run', '--home', home]);
  expect(seen.stdout).toContain(`Filled from the other ledger: 0 sessions and ${alone.lost} events`);
  expect(seen.stdout).toContain(`coven-doctor rescue --merge ${id}`);
  expect(hash(home)).toBe(damaged);
  const done = await cli(['rescue', '--merge', id, '--yes', '--json', '--home', home]);
  const told = JSON.parse(done.stdout) as Told;
  expect(told).toMatchObject({
    ok: true,
    lost: 0,
    merge: { way: 'fill', events: alone.lost, moved: 0, leftOut: { sessions: 1, ids: ['session-7'] } },
  });
  expect(events(home)).toEqual(before);
  expect(read(home, "SELECT id FROM sessions WHERE id = 'session-7'")).toEqual([]);
  expect((await diagnose(home)).faults).toEqual(['daemon stopped warn']);
  expect((await cli(['undo', '--home', home])).exitCode).toBe(0);
  expect(hash(home)).toBe(damaged);
});

test('what a rescue in place lost comes from a backup after it, and a merge that would bring nothing puts nothing in place', async () => {
  await using scratch = await makeScratch();
  const home = makeHome(join(scratch.path, 'home'), { rows, events: 300 });
  const before = events(home);
  const { id } = await backUp(home);
  damageTable(join(home, 'coven.sqlite3'), 'events');
  const lossy = await cli(['rescue', '--yes', '--json', '--home', home]);
  const { lost } = JSON.parse(lossy.stdout) as Told;
  expect(lost).toBeGreaterThan(0);
  expect((await diagnose(home)).faults).toContain('home:repairs rescue-lost-rows warn');
  // Deleted on purpose since: it was not lost.
  const [gone] = read<{ id: string }>(home, "SELECT id FROM events WHERE session_id = 'session-3' ORDER BY rowid");
  editLedger(join(home, 'coven.sqlite3'), `DELETE FROM events WHERE id = '${gone?.id}'`);
  const done = await cli(['rescue', '--merge', id, '--yes', '--json', '--home', home]);
  expect(JSON.parse(done.stdout)).toMatchObject({ ok: true, outcome: 'done', merge: { way: 'fill', events: lost } });
  expect(events(home)).toEqual(before.filter((event) => event.id !== gone?.id));
  expect((await diagnose(home)).faults).toEqual(['daemon stopped warn']);
  const filled = hash(home);
  const again = await cli(['rescue', '--merge', id, '--yes', '--home', home]);
  expect(again.stdout).toContain('Nothing to do');
  expect(again.exitCode).toBe(0);
  expect(hash(home)).toBe(filled);
});

test('a backup in a folder of its own is offered and merged where that folder is named, and is asked for where it is not', async () => {
  await using scratch = await makeScratch();
  const home = makeHome(join(scratch.path, 'home'), { rows, events: 300 });
  const before = events(home);
  const folder = join(scratch.path, 'backups');
  mkdirSync(folder, { mode: 0o700 });
  const made = await cli(['backup', 'create', '--backup-dir', folder, '--json', '--home', home]);
  const [id = ''] = readdirSync(folder);
  expect(made.exitCode, made.stderr).toBe(0);
  expect((await cli(['backup', 'list', '--backup-dir', folder, '--home', home])).stdout).toContain(id);
  damageTable(join(home, 'coven.sqlite3'), 'events');
  const unnamed = await cli(['rescue', '--merge', id, '--dry-run', '--home', home]);
  expect(unnamed.exitCode).toBe(2);
  expect(unnamed.stderr).toContain(join(home, 'doctor', 'runs', id));
  expect(unnamed.stderr).toContain('--backup-dir');
  const { stdout } = await cli(['rescue', '--dry-run', '--backup-dir', folder, '--home', home]);
  const [line = ''] = /coven-doctor rescue --merge .*/.exec(stdout) ?? [];
  expect(line).toBe(`coven-doctor rescue --merge ${id} --backup-dir ${folder} --dry-run --home ${home}`);
  const seen = await cli(line.split(' ').slice(1));
  expect(seen.stdout).toContain('Filled from the other ledger: 0 sessions and ');
  const [next = ''] =
    /coven-doctor rescue .* --yes.*/.exec(seen.stdout) ?? /coven-doctor rescue .*/.exec(seen.stdout) ?? [];
  expect(next).toContain(`--merge ${id} --backup-dir ${folder}`);
  const done = await cli(['rescue', '--merge', id, '--backup-dir', folder, '--yes', '--home', home]);
  expect(done.exitCode, done.stdout + done.stderr).toBe(0);
  expect(events(home)).toEqual(before);
});

test('a plan offers the backup that would fill what is lost, with what it lacks itself, and the command does it', async () => {
  await using scratch = await makeScratch();
  const home = makeHome(join(scratch.path, 'home'), { rows, events: 300 });
  const before = events(home);
  const { id } = await backUp(home);
  const ledger = join(home, 'coven.sqlite3');
  editLedger(
    ledger,
    `INSERT INTO sessions (id, project_root, harness, title, status, created_at, updated_at) VALUES ('later', '/', 'codex', 't', 'completed', '2026-11-20T00:00:00Z', '2026-11-20T00:00:00Z');
     INSERT INTO events (id, session_id, kind, payload_json, created_at) VALUES ('l1', 'later', 'output', '{}', '2026-11-20T00:00:00Z'), ('l2', 'later', 'output', '{}', '2026-11-20T00:00:00Z')`,
  );
  damageTable(ledger, 'events');
  const damaged = hash(home);
  const { stdout } = await cli(['plan', '--home', home]);
  const [, fills, command = ''] =
    /holds (\d+) rows of what is lost, and lacks 1 session and 2 events that this rescue brings back\.\n {5}To rescue .*\n {7}(coven-doctor .*)\n/.exec(
      stdout,
    ) ?? [];
  expect(Number(fills), stdout).toBeGreaterThan(0);
  expect(hash(home)).toBe(damaged);
  const json = JSON.parse((await cli(['--fix', '--json', '--home', home])).stdout) as {
    plan: { steps: readonly { kind: string; backup?: object }[] };
  };
  expect(json.plan.steps.find(({ kind }) => kind === 'rescue-ledger')?.backup).toMatchObject({
    ...{ run: id, sessions: 30, events: 300, fills: Number(fills), lacks: { sessions: 1, events: 2 } },
  });
  // Nobody could be asked here.
  expect(command).toBe(`coven-doctor rescue --merge ${id} --yes --home ${home}`);
  const done = await cli(command.split(' ').slice(1));
  expect(done.exitCode, done.stdout + done.stderr).toBe(0);
  expect(events(home).slice(0, 300)).toEqual(before);
  expect(
    events(home)
      .map((event) => event.id)
      .slice(300),
  ).toEqual(['l1', 'l2']);
});

test('the lost row of a session comes back in the place of its placeholder', async () => {
  await using scratch = await makeScratch();
  const home = makeHome(join(scratch.path, 'home'), { rows, events: 300 });
  const sessions = read(home, 'SELECT rowid, * FROM sessions ORDER BY rowid');
  const { id } = await backUp(home);
  damageTable(join(home, 'coven.sqlite3'), 'sessions');
  await cli(['rescue', '--merge', id, '--yes', '--home', home]);
  expect(read(home, 'SELECT rowid, * FROM sessions ORDER BY rowid')).toEqual(sessions);
  expect((await diagnose(home)).faults).toEqual(['daemon stopped warn']);
});

test('into a ledger that was made anew, all of the old one comes: the seqs of a session that are taken are moved in their order', async () => {
  await using scratch = await makeScratch();
  const old = makeHome(join(scratch.path, 'old'), { rows: rows.slice(0, 3), events: 20 });
  const home = makeHome(join(scratch.path, 'home'), { rows: [{ id: 'since', status: 'completed' }] });
  editLedger(
    join(home, 'coven.sqlite3'),
    "INSERT INTO events (id, session_id, kind, payload_json, created_at) VALUES ('new', 'since', 'output', '{}', '2026-11-20T00:00:00Z')",
  );
  const was = events(old).map(({ id }) => id);
  const { stdout } = await cli(['rescue', '--merge', join(old, 'coven.sqlite3'), '--yes', '--json', '--home', home]);
  const told = JSON.parse(stdout) as Told;
  expect(told.merge).toMatchObject({ way: 'join', sessions: 3, events: 20, leftOut: { sessions: 0, events: 0 } });
  expect(told.merge.moved).toBeGreaterThan(0);
  const now = events(home);
  expect(now[0]).toEqual({ seq: 1, id: 'new' });
  expect(now.map(({ id }) => id).slice(1)).toEqual(was);
  expect((await diagnose(home)).faults).toEqual(['daemon stopped warn']);
});

test('of two ledgers that both went on, what the other wrote comes session by session, as it is asked for', async () => {
  await using scratch = await makeScratch();
  const home = makeHome(join(scratch.path, 'home'), { rows: rows.slice(0, 3), events: 9 });
  const ledger = join(home, 'coven.sqlite3');
  const write = (session: string, ...ids: readonly string[]): void => {
    for (const id of ids)
      editLedger(
        ledger,
        `INSERT INTO events (id, session_id, kind, payload_json, created_at) VALUES ('${id}', '${session}', 'output', '{}', '2026-11-20T00:00:00Z')`,
      );
  };
  const begin = (id: string): void =>
    editLedger(
      ledger,
      `INSERT INTO sessions (id, project_root, harness, title, status, created_at, updated_at) VALUES ('${id}', '/', 'codex', 't', 'completed', '2026-11-20T00:00:00Z', '2026-11-20T00:00:00Z')`,
    );
  const { id } = await backUp(home);
  begin('before');
  write('before', 'b1', 'b2');
  write('session-1', 'grown');
  begin('unwanted');
  const restored = await cli(['backup', 'restore', id, '--yes', '--allow', 'lossy', '--home', home]);
  const run = /^Restored as run (\S+)\./m.exec(restored.stdout)?.[1] ?? '';
  expect(restored.stdout).toContain(`\n  coven-doctor rescue --merge ${run} --session before --yes --home ${home}\n`);
  begin('since');
  write('since', 's1', 's2', 's3');
  const merge = ['rescue', '--merge', run, '--home', home];
  const seen = await cli([...merge, '--dry-run']);
  expect(seen.stdout).toContain('Left out of the other ledger: 2 sessions and 3 events');
  for (const one of ['before', 'session-1', 'unwanted']) expect(seen.stdout).toContain(`\n  ${one}\n`);
  const none = await cli([...merge, '--session', 'nobody', '--yes']);
  expect([none.exitCode, none.stderr]).toEqual([2, expect.stringContaining('--session nobody')]);
  const done = await cli([...merge, '--session', 'before', '--session', 'session-1', '--yes', '--json']);
  expect(JSON.parse(done.stdout)).toMatchObject({
    merge: { way: 'fill', sessions: 2, events: 3, moved: 3, leftOut: { sessions: 1, events: 0, ids: ['unwanted'] } },
  });
  const ids = events(home).map(({ id: event }) => event);
  expect(ids.slice(9)).toEqual(['s1', 's2', 's3', 'b1', 'b2', 'grown']);
  expect(read(home, 'SELECT id FROM sessions ORDER BY rowid')).toEqual(
    ['session-0', 'session-1', 'session-2', 'since', 'before'].map((session) => ({ id: session })),
  );
  expect((await diagnose(home)).faults).toEqual(['daemon stopped warn']);
});

test('what is named and is no ledger is refused, and nothing is changed', async () => {
  await using scratch = await makeScratch();
  const home = makeHome(join(scratch.path, 'home'), { rows, events: 30 });
  const before = hash(home);
  mkdirSync(join(scratch.path, 'empty'));
  for (const word of ['20260101T000000Z-000000', join(scratch.path, 'empty'), join(scratch.path, 'none')]) {
    const { exitCode, stderr } = await cli(['rescue', '--merge', word, '--yes', '--home', home]);
    expect([exitCode, stderr]).toEqual([2, expect.stringContaining(`--merge ${word}`)]);
  }
  expect(hash(home)).toBe(before);
});

test.skipIf('why' in real)('real Coven lists the sessions of two ledgers of its own that were merged', async () => {
  await using scratch = await makeScratch();
  const binary = 'path' in real ? real.path : '';
  const env = { PATH: '/usr/bin:/bin', HOME: scratch.path };
  const coven = (home: string, ...words: readonly string[]) =>
    spawnSync(binary, words, { env: { ...env, COVEN_HOME: home }, encoding: 'utf8' });
  const [old = '', home = ''] = ['old', 'home'].map((name) => {
    const path = join(scratch.path, name);
    mkdirSync(path, { mode: 0o700 });
    // Its own schema, whole.
    coven(path, 'sessions', '--json');
    for (const number of [1, 2])
      editLedger(
        join(path, 'coven.sqlite3'),
        `INSERT INTO sessions (id, project_root, harness, title, status, created_at, updated_at) VALUES ('${name}-${number}', '/', 'codex', 't', 'completed', '2026-11-01T00:00:00Z', '2026-11-01T00:00:00Z');
         INSERT INTO events (id, session_id, kind, payload_json, created_at) VALUES ('${name}-e${number}', '${name}-${number}', 'output', '{"data":"words"}', '2026-11-01T00:00:00Z')`,
      );
    return path;
  });
  const { stdout, stderr } = await cli(['rescue', '--merge', old, '--yes', '--home', home]);
  expect(stdout + stderr).toContain('Done.');
  const { sessions } = JSON.parse(coven(home, 'sessions', '--json', '--all').stdout || '{"sessions":[]}') as {
    sessions: readonly { id: string }[];
  };
  expect(sessions.map(({ id }) => id).toSorted()).toEqual(['home-1', 'home-2', 'old-1', 'old-2']);
  expect(coven(home, 'doctor').status).toBeDefined();
});
