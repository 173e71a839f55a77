import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { execa } from 'execa';
import { beforeAll, describe, expect, test } from 'vitest';
import { type Circumstances, cli, diagnose } from '../fixtures/diagnose.ts';
import { overwrite } from '../fixtures/home.ts';
import { findRealCoven, makeWorld } from '../fixtures/real-coven.ts';
import { makeScratch, type Scratch } from '../fixtures/scratch.ts';
import { rehearse } from '../src/host/rehearse.ts';
import { systemPath } from '../src/programs.ts';
import { readImpossible } from '../src/store/impossible.ts';

const real = findRealCoven();
if ('why' in real) console.log(`no rehearsal by the real Coven: ${real.why}`);
const binary = 'path' in real ? real.path : '';
const at = '2026-11-25T10:00:00.000000000Z';

/** A stopped home that the real Coven made, with one session, and how a diagnosis finds that Coven. */
async function makeHome(scratch: Scratch): Promise<{ home: string; how: Circumstances }> {
  const { home, coven, endHarnesses } = makeWorld(scratch, binary);
  endHarnesses();
  await coven('run', 'codex', 'hello there');
  const bin = join(scratch.path, 'covens');
  mkdirSync(bin);
  symlinkSync(binary, join(bin, 'coven'));
  return { home, how: { env: { PATH: `${bin}:${join(scratch.path, 'bin')}:${systemPath}` } } };
}

function change(home: string, sql: string): void {
  const db = new Database(join(home, 'coven.sqlite3'));
  db.unsafeMode();
  db.pragma('writable_schema = ON');
  db.exec(sql);
  db.close();
}

const addSession = (binding: string): string =>
  `INSERT INTO sessions (id, project_root, harness, title, status, created_at, updated_at, execution_binding_json)
   VALUES ('x', '/project', 'codex', 't', 'completed', '${at}', '${at}', '${binding}')`;

/** Of these, the row is named, too. */
const ofOneRow = ['an execution binding that does not parse', 'labels that do not parse'];

/** What no damage of pages shows, and a start dies of, or Coven's work. */
const refused: Readonly<Record<string, readonly [sql: string, code: string, says: string | null]>> = {
  'an execution binding that does not parse': [
    addSession('{broken'),
    'refused fail',
    'Coven 0.4.6 refuses this ledger: failed to parse historical session execution binding',
  ],
  'a ward_audit table of an unknown shape': [
    'DROP TABLE ward_audit; CREATE TABLE ward_audit (a INTEGER)',
    'refused fail',
    'Coven 0.4.6 refuses this ledger: unsupported ward_audit schema fingerprint',
  ],
  'a ward_audit table that only a newer Coven knows': [
    'ALTER TABLE ward_audit ADD COLUMN of_tomorrow TEXT',
    'refused fail',
    'Coven 0.4.6 refuses this ledger: unsupported ward_audit schema fingerprint',
  ],
  'a column of a newer Coven that has to be given': [
    `ALTER TABLE events RENAME TO old; CREATE TABLE events (id TEXT PRIMARY KEY NOT NULL, session_id TEXT NOT NULL,
       kind TEXT NOT NULL, payload_json TEXT NOT NULL, created_at TEXT NOT NULL, redaction_status TEXT NOT NULL DEFAULT 'redacted',
       sensitive INTEGER NOT NULL DEFAULT 0, request_adoption_id TEXT, of_tomorrow TEXT NOT NULL,
       FOREIGN KEY (session_id) REFERENCES sessions(id) ON DELETE CASCADE);
     INSERT INTO events SELECT *, 'x' FROM old; DROP TABLE old`,
    'unwritable fail',
    'Coven 0.4.6 opens this ledger, but no session and event can be written to it: ‹line:37 chars›',
  ],
  'an automation table of an unknown shape': [
    'DROP TABLE automation_runs; CREATE TABLE automation_runs (id)',
    'refused fail',
    null,
  ],
  'labels that do not parse': ["UPDATE sessions SET labels = '{bad'", 'refused fail', null],
  'a full-text table that is gone': [
    'DROP TABLE events_fts',
    'search-lost warn',
    'the full-text index is gone: Coven 0.4.6 makes an empty one, in which no search finds the events of before',
  ],
  'a full-text table whose parts are left': [
    "DELETE FROM sqlite_schema WHERE name = 'events_fts'",
    'refused fail',
    "Coven 0.4.6 refuses this ledger: failed to initialize Coven store schema: fts5: error creating shadow table events_fts_data: table 'events_fts_data' already exists: Error code 1: SQL logic error",
  ],
};

describe.skipIf(binary === '')('the real Coven and a copy of its ledger', () => {
  let scratch: Scratch;
  let template: { home: string; how: Circumstances };
  beforeAll(async () => {
    scratch = await makeScratch();
    template = await makeHome(scratch);
    return () => scratch[Symbol.asyncDispose]();
  });
  const copied = async (into: Scratch): Promise<string> => {
    const home = join(into.path, 'home');
    await execa('cp', ['-a', template.home, home]);
    return home;
  };

  test('a sound one is opened and written to', async () => {
    await using own = await makeScratch();
    const home = await copied(own);
    const { faults, all } = await diagnose(home, template.how);
    expect(faults).toEqual(['daemon stopped warn']);
    expect(all).toContain('store:rehearsal ok pass');
  });

  test.each(Object.entries(refused))('%s', async (name, [sql, found, says]) => {
    await using own = await makeScratch();
    const home = await copied(own);
    change(home, sql);
    const { faults, document } = await diagnose(home, template.how);
    const message = document.checks.find(({ id }) => id === 'store:rehearsal')?.message;
    if (says !== null) expect(message).toBe(says);
    const ofRow = ofOneRow.includes(name) ? ['store:schema impossible-value fail'] : [];
    expect(faults).toEqual(['daemon stopped warn', ...ofRow, `store:rehearsal ${found}`]);
    if (!found.startsWith('refused')) return;
    const { stdout } = await cli(['plan', '--home', home, '--start-daemon', '--json'], template.how);
    expect(stdout).not.toContain('"start-daemon"');
  });

  test('damage is told by its own check, and the refusal follows from it', async () => {
    await using own = await makeScratch();
    const home = await copied(own);
    // Its rows are in the WAL; closing it brings them into the main file.
    change(home, 'SELECT 1');
    overwrite(join(home, 'coven.sqlite3'), 100, 400, 0xff);
    const { causes } = await diagnose(home, template.how);
    expect(causes).toEqual(['daemon stopped', 'store:open malformed']);
  });

  test('neither an automation nor a harness runs, and nothing outside the copy is opened', async () => {
    await using own = await makeScratch();
    const home = await copied(own);
    const ran = join(own.path, 'ran');
    const project = join(own.path, 'project');
    const bin = join(own.path, 'harnesses');
    for (const folder of [project, bin]) mkdirSync(folder);
    await execa('git', ['init', '--quiet', project]);
    for (const harness of ['codex', 'claude', 'coven-code', 'copilot']) {
      writeFileSync(join(bin, harness), `#!/bin/sh\ntouch ${ran}\n`, { mode: 0o755 });
    }
    const row = (id: string, status: string): string =>
      `INSERT INTO sessions (id, project_root, harness, title, status, created_at, updated_at)
       VALUES ('${id}', '${project}', 'codex', 't', '${status}', '${at}', '${at}');`;
    const definition = JSON.stringify({ schedule: '* * * * *', prompt: 'go', harness: 'codex', projectRoot: project });
    change(
      home,
      `${row('made', 'created')}${row('runs', 'running')}
       INSERT INTO automation_definitions (id, name, status, definition_json, lifecycle_state, authority_version, created_at, updated_at)
       VALUES ('auto', 'every minute', 'ACTIVE', '${definition}', 'active', 1, '${at}', '${at}');`,
    );
    mkdirSync(join(home, 'adapters'), { recursive: true });
    const trace = join(own.path, 'trace');
    const { env } = template.how;
    const PATH = `${bin}:${env?.PATH}`;
    const { all } = await diagnose(home, {
      env: { ...env, PATH },
      cwd: project,
      through: [
        'strace',
        '-ff',
        '-qq',
        '-s',
        '4096',
        '-o',
        trace,
        '-e',
        'trace=execve,openat,openat2,connect,socket,bind',
      ],
      args: ['--timeout', '60'],
    });
    expect(all).toContain('store:rehearsal ok pass');
    expect(existsSync(ran)).toBe(false);
    // A file for each process.
    const traces = readdirSync(own.path)
      .filter((name) => name.startsWith('trace.'))
      .map((name) => readFileSync(join(own.path, name), 'utf8'));
    const lines = (traces.find((text) => text.includes('"sessions", "--json"], ')) ?? '').split('\n');
    // What it did as Coven: before that, the process was a shell.
    const itsOwn = lines.slice(lines.findLastIndex((line) => line.includes('"sessions", "--json"], ')) + 1);
    expect(itsOwn.length).toBeGreaterThan(5);
    expect(itsOwn.filter((line) => /execve|connect\(|socket\(|bind\(/.test(line))).toEqual([]);
    const opened = itsOwn.flatMap((line) => /(?:openat2?)\(\w+, "([^"]*)"/.exec(line)?.[1] ?? []);
    const foreign = opened.filter(
      (path) => path.startsWith(home) || path.startsWith(project) || path.startsWith(template.home),
    );
    expect(foreign).toEqual([]);
    expect(opened.some((path) => path.endsWith('/home/coven.sqlite3'))).toBe(true);
  });

  test('any ledger can be rehearsed, by whoever is about to put it into a home', async () => {
    await using own = await makeScratch();
    const ledger = join(own.path, 'rescued.sqlite3');
    copyFileSync(join(template.home, 'coven.sqlite3'), ledger);
    const options = {
      program: binary,
      env: {},
      milliseconds: 20_000,
      signal: new AbortController().signal,
      copyLimit: 2 ** 30,
    };
    expect(await rehearse(ledger, options)).toMatchObject({ outcome: 'opened', version: '0.4.6', unwritable: null });
    rmSync(ledger);
    expect(await rehearse(ledger, options)).toMatchObject({ outcome: 'not-run', reason: 'no-ledger' });
  });
});

describe('what a program says that is asked', () => {
  const told: Readonly<Record<string, readonly [script: string, object]>> = {
    'that it refuses': [
      'if [ "$1" = --version ]; then echo "coven v9.9.9"; else echo "Error: no such shelf" >&2; exit 1; fi',
      { outcome: 'refused', said: '‹line:13 chars›', version: '9.9.9' },
    ],
    'that it does not know the command': [
      'if [ "$1" = --version ]; then echo "coven v9.9.9"; else exit 2; fi',
      { outcome: 'not-run', reason: 'not-understood', version: '9.9.9' },
    ],
    'a version, and fails': [
      'echo "coven v9.9.9"; exit 1',
      { outcome: 'not-run', reason: 'does-not-run', version: null },
    ],
    'another name': ['echo "cavern v9.9.9"', { outcome: 'not-run', reason: 'does-not-run', version: null }],
    'nothing, and ends well': ['exit 0', { outcome: 'not-run', reason: 'mute', version: null }],
    'no version, ever': ['exec /bin/sleep 600', { outcome: 'not-run', reason: 'does-not-run', version: null }],
  };

  test.each(Object.entries(told))('%s', async (_name, [script, expected]) => {
    await using scratch = await makeScratch();
    const ledger = join(scratch.path, 'coven.sqlite3');
    new Database(ledger).exec('CREATE TABLE sessions (id TEXT)').close();
    const program = join(scratch.path, 'coven');
    writeFileSync(program, `#!/bin/sh\n${script}\n`, { mode: 0o700 });
    const { signal } = new AbortController();
    const options = { program, env: {}, milliseconds: 60_000, signal, copyLimit: 2 ** 20 };
    expect(await rehearse(ledger, options)).toMatchObject(expected);
  });
});

describe.skipIf('why' in real)('a value that one row may not have', () => {
  const values: readonly (readonly [column: string, value: string])[] = [
    ...['title', 'harness', 'labels', 'created_at', 'exit_code', 'external'].map(
      (column) => [column, "x'c3287fff'"] as const,
    ),
    ...['title', 'familiar_id', 'status'].map((column) => [column, "CAST(x'61ff62' AS TEXT)"] as const),
    ...["'none'", '5000000000', '2.5', '-1', 'NULL'].map((value) => ['exit_code', value] as const),
    ...["'[]'", '\'["a"]\'', "'{}'", "'[1]'", "'[1,2'", "''"].map((value) => ['labels', value] as const),
    ...["'{'", "'null'", "'{}'"].map((value) => ['execution_binding_json', value] as const),
    ...['archived_at', 'updated_at'].map((column) => [column, "'tomorrow'"] as const),
    ['title', "'Grüße 🎉'"],
  ];

  test('is found where the real Coven refuses, and nowhere else', async () => {
    await using scratch = await makeScratch('memory');
    const { home, how } = await makeHome(scratch);
    const file = join(home, 'coven.sqlite3');
    const read = (sql: string): unknown => {
      const db = new Database(file);
      const told = sql.startsWith('SELECT') ? db.prepare(sql).get() : db.exec(sql);
      db.close();
      return told;
    };
    read('PRAGMA wal_checkpoint(TRUNCATE)');
    const kept = readFileSync(file);
    for (const [column, value] of values) {
      for (const suffix of ['-wal', '-shm']) rmSync(file + suffix, { force: true });
      writeFileSync(file, kept);
      read(`UPDATE sessions SET ${column} = ${value}`);
      const db = new Database(file, { readonly: true });
      const { impossible, impossibleComplete } = readImpossible(db);
      db.close();
      const told = await rehearse(file, {
        program: join(scratch.path, 'covens', 'coven'),
        env: how.env ?? {},
        milliseconds: 15_000,
        signal: new AbortController().signal,
        copyLimit: 2 ** 30,
      });
      const expected = told.outcome === 'refused' ? [column] : [];
      expect([column, value, impossibleComplete, impossible.map((one) => one.column)]).toEqual([
        column,
        value,
        true,
        expected,
      ]);
      // The reason is told in full, but for the value itself.
      expect(told.said ?? '').not.toContain('\u2039line');
    }
  });
});
