import { spawnSync } from 'node:child_process';
import { copyFileSync, cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { expect, test, vi } from 'vitest';
import { seeded } from '../../fixtures/daemon/seeded.ts';
import { cli, diagnose } from '../../fixtures/diagnose.ts';
import { makeHome } from '../../fixtures/home.ts';
import { endProcesses, findRealCoven } from '../../fixtures/real-coven.ts';
import { ledgerOf } from '../../fixtures/repair/plan.ts';
import { makeScratch } from '../../fixtures/scratch.ts';
import { snapshot } from '../../fixtures/snapshot.ts';
import { mendedName } from '../../src/repair/engine/kinds/ledger.ts';
import { makeMends } from '../../src/repair/engine/mend.ts';
import { judgeCopy } from '../../src/sqlite/judge.ts';

vi.setConfig({ testTimeout: 600_000 });

const real = findRealCoven();
if ('why' in real) console.log(`no real Coven opens ledgers with a new full-text index: ${real.why}`);

const pageSize = 4096;
const ledgerIn = (home: string): string => join(home, 'coven.sqlite3');

/** A ledger whose full-text index takes many pages: by real Coven where there is one, with its triggers. */
function makeIndexed(home: string): string {
  const coven = 'path' in real ? real.path : null;
  if (coven) {
    mkdirSync(home, { mode: 0o700 });
    const env = { PATH: process.env.PATH, HOME: home, COVEN_HOME: home };
    // All lock files are there.
    for (const words of [
      ['sessions', '--json'],
      ['daemon', 'start'],
      ['daemon', 'stop'],
    ])
      spawnSync(coven, words, { env });
    endProcesses(home);
  } else makeHome(home);
  const db = new Database(ledgerIn(home));
  if (!coven)
    db.exec("CREATE VIRTUAL TABLE events_fts USING fts5(payload_json, content='events', content_rowid='rowid')");
  const random = seeded(7);
  const word = (): string => `w${random(60_000).toString(36)}`;
  db.transaction(() => {
    db.exec(
      "INSERT INTO sessions (id, project_root, harness, title, status, created_at, updated_at) VALUES ('a', '/', 'codex', 't', 'completed', '2026-11-01T00:00:00Z', '2026-11-01T00:00:00Z')",
    );
    const insert = db.prepare(
      "INSERT INTO events (rowid, id, session_id, kind, payload_json, created_at) VALUES (?, ?, 'a', 'output', ?, '2026-11-01T00:00:00Z')",
    );
    // With gaps: a rowid is the `seq` of an event.
    for (let at = 1; at <= 2500; at += 1)
      insert.run(at * 3, `e${at}`, JSON.stringify({ data: Array.from({ length: 40 }, word).join(' ') }));
  })();
  db.exec("INSERT INTO events_fts (events_fts) VALUES ('rebuild')");
  db.close();
  return home;
}

const tablesOf = (path: string): ReadonlyMap<string, unknown> => {
  const db = new Database(path, { readonly: true });
  const names = db
    .prepare(
      "SELECT name FROM sqlite_schema WHERE type = 'table' AND rootpage > 0 AND name NOT LIKE 'events!_fts%' ESCAPE '!'",
    )
    .pluck()
    .all() as string[];
  const rows = names.map((name): [string, unknown] => {
    const rowid = db.prepare('SELECT wr FROM pragma_table_list WHERE name = ?').pluck().get(name) === 0 ? 'rowid,' : '';
    return [name, db.prepare(`SELECT ${rowid} * FROM "${name}" NOT INDEXED`).raw().all()];
  });
  db.close();
  return new Map(rows);
};

const found = (path: string, term: string): unknown => {
  const db = new Database(path, { readonly: true });
  try {
    return db.prepare('SELECT count(*) FROM events_fts WHERE events_fts MATCH ?').pluck().get(term);
  } finally {
    db.close();
  }
};

type Edit = (bytes: Buffer, pages: (table: string, type?: string) => readonly number[]) => void;

const at = (page: number | undefined): number => (Number(page) - 1) * pageSize;
const zero = (bytes: Buffer, page: number | undefined): unknown => bytes.fill(0, at(page), at(page) + pageSize);
const noise = (bytes: Buffer, page: number | undefined): void => {
  const random = seeded(Number(page));
  for (let offset = 0; offset < pageSize; offset += 1) bytes[at(page) + offset] = random(256);
};
const middle = (pages: readonly number[]): number | undefined => pages[pages.length >> 1];
/** Lets the first cell of an interior page lead to another page. */
const lead = (bytes: Buffer, page: number | undefined, to: number): void => {
  const cell = bytes.readUInt16BE(at(page) + 12);
  bytes.writeUInt32BE(to, at(page) + cell);
};

const fts = (part: string): string => `events_fts_${part}`;
const parts = ['data', 'idx', 'docsize', 'config'].map(fts);

/** Damage that is confined to the full-text index. */
const damages: Readonly<Record<string, Edit>> = {
  nothing: () => undefined,
  'a leaf of zeros': (bytes, pages) => zero(bytes, middle(pages(fts('data')))),
  'leaves of noise': (bytes, pages) => {
    for (const page of pages(fts('data')).filter((_, index) => index % 5 === 0)) noise(bytes, page);
  },
  'an interior page of zeros': (bytes, pages) => zero(bytes, pages(fts('data'), 'internal')[0]),
  'an interior page of noise': (bytes, pages) => noise(bytes, pages(fts('data'), 'internal')[0]),
  'a loop': (bytes, pages) => lead(bytes, pages(fts('data'), 'internal')[0], Number(pages(fts('data'), 'internal')[0])),
  'a page that is not there': (bytes, pages) => lead(bytes, pages(fts('data'), 'internal')[0], 4_000_000),
  'two of its trees that share a page': (bytes, pages) =>
    lead(bytes, pages(fts('data'), 'internal')[0], Number(pages(fts('docsize'))[0])),
  'terms of zeros': (bytes, pages) => zero(bytes, pages(fts('idx'))[0]),
  'lengths of noise': (bytes, pages) => noise(bytes, middle(pages(fts('docsize')))),
  'settings of zeros': (bytes, pages) => zero(bytes, pages(fts('config'))[0]),
  'settings of noise': (bytes, pages) => noise(bytes, pages(fts('config'))[0]),
  'every page of zeros': (bytes, pages) => {
    for (const page of parts.flatMap((table) => [...pages(table), ...pages(table, 'internal')])) zero(bytes, page);
  },
};

/** Damage that is more than that, and is left to a rescue. */
const wider: Readonly<Record<string, Edit>> = {
  'a page of events that the index leads to': (bytes, pages) =>
    lead(bytes, pages(fts('data'), 'internal')[0], Number(middle(pages('events')))),
  'a page of the index that is free': (bytes, pages) => {
    // The list of free pages is one trunk, which names the page in use.
    bytes.writeUInt32BE(Number(middle(pages(fts('data')))), at(bytes.readUInt32BE(32)) + 8);
  },
};

function damage(path: string, edit: Edit): void {
  const db = new Database(path, { readonly: true });
  const query = db.prepare('SELECT pageno FROM dbstat WHERE name = ? AND pagetype = ? ORDER BY path').pluck();
  const bytes = readFileSync(path);
  const pages = (table: string, type = 'leaf') => query.all(table, type) as number[];
  edit(bytes, pages);
  db.close();
  writeFileSync(path, bytes);
}

const withFreePages = (path: string): void => {
  const db = new Database(path);
  db.exec('CREATE TABLE gone AS SELECT * FROM events LIMIT 500; DROP TABLE gone');
  db.close();
};

test('damage that is confined to the full-text index leaves a copy with a new one, which is sound and holds every row', async () => {
  await using scratch = await makeScratch();
  const source = makeIndexed(join(scratch.path, 'source'));
  withFreePages(ledgerIn(source));
  const before = tablesOf(ledgerIn(source));
  expect(before.get('events')).toHaveLength(2500);
  const wrong: string[] = [];
  const mend = async (name: string, edit: Edit) => {
    const home = join(scratch.path, name.replaceAll(' ', '-'));
    cpSync(source, home, { recursive: true });
    damage(ledgerIn(home), edit);
    const judged = judgeCopy(ledgerIn(home));
    mkdirSync(join(home, 'quarantine'));
    const action = { kind: 'rebuild-search', ledger: ledgerOf(home) } as const;
    const step = { id: '1', fix: 'f', action, phase: 'gone', risk: 'safe', undo: 'exact', requires: [] } as const;
    const unmade = await makeMends([step], ledgerIn(home), home, new AbortController().signal);
    return { judged, why: unmade.get('1')?.facts?.why, made: join(home, 'quarantine', mendedName('1')) };
  };
  for (const [name, edit] of Object.entries(damages)) {
    const { judged, why, made } = await mend(name, edit);
    const kinds = [...new Set(judged.reasons.map(({ kind }) => kind))].join();
    if (kinds !== (name === 'nothing' ? '' : 'search'))
      wrong.push(`${name}: judged ${judged.reasons.map(({ kind, text }) => `${kind} ${text}`).join('; ')}`);
    if (why) {
      wrong.push(`${name}: ${why}`);
      continue;
    }
    for (const { text } of judgeCopy(made).reasons) wrong.push(`${name}: then ${text}`);
    const after = tablesOf(made);
    for (const [table, rows] of before)
      if (JSON.stringify(after.get(table)) !== JSON.stringify(rows)) wrong.push(`${name}: other rows in ${table}`);
    if (after.size !== before.size) wrong.push(`${name}: other tables`);
    if (found(made, 'data') !== 2500) wrong.push(`${name}: ${found(made, 'data')} found`);
  }
  for (const [name, edit] of Object.entries(wider)) {
    const { judged } = await mend(name, edit);
    if (judged.sound) wrong.push(`${name}: judged sound`);
  }
  expect(wrong).toEqual([]);
});

test.each([
  ['an interior page of zeros', false],
  ['every page of zeros', true],
] as const)(
  '--fix over %s, with rows in the WAL: %s; Coven opens it, undo puts the very files back',
  async (name, inWal) => {
    await using scratch = await makeScratch();
    const home = makeIndexed(join(scratch.path, 'home'));
    scratch.onEnd(() => void endProcesses(home));
    const path = ledgerIn(home);
    damage(path, damages[name] as Edit);
    if (inWal) {
      const db = new Database(path);
      db.pragma('wal_autocheckpoint = 0');
      db.exec("UPDATE sessions SET title = 'in the WAL alone'");
      for (const suffix of ['', '-wal', '-shm']) copyFileSync(path + suffix, `${path}${suffix}.left`);
      db.close();
      for (const suffix of ['', '-wal', '-shm']) {
        copyFileSync(`${path}${suffix}.left`, path + suffix);
        spawnSync('rm', [`${path}${suffix}.left`]);
      }
    }
    const standing = (): readonly string[] => snapshot(home).filter((line) => !/^\.( |\/doctor[ /])/.test(line));
    const [was, before] = [standing(), seen(home, scratch.path)];
    const { faults } = await diagnose(home);
    expect(faults).toEqual(['daemon stopped warn', 'store:index search-index warn']);
    const { stdout, exitCode } = await cli(['--home', home, '--fix', '--yes', '--json']);
    const fixed = JSON.parse(stdout);
    expect([exitCode, fixed.fixes]).toMatchObject([0, [{ fix: 'store:index search-index', outcome: 'fixed' }]]);
    expect((await diagnose(home)).faults).toEqual(['daemon stopped warn']);
    expect(seen(home, scratch.path)).toEqual(before);
    if (inWal) expect(JSON.stringify(before.get('sessions'))).toContain('in the WAL alone');
    if ('path' in real) {
      const copy = join(scratch.path, 'for-coven');
      cpSync(home, copy, { recursive: true });
      const coven = (...words: readonly string[]) =>
        spawnSync(real.path, words, {
          env: { PATH: process.env.PATH, HOME: copy, COVEN_HOME: copy },
          encoding: 'utf8',
        });
      const { sessions } = JSON.parse(coven('sessions', '--json').stdout);
      expect(sessions.map(({ id }: { id: string }) => id)).toEqual(['a']);
      expect(coven('vacuum').stdout).toContain('integrity ok');
    }
    expect((await cli(['undo', '--home', home])).exitCode).toBe(0);
    expect(standing()).toEqual(was);
  },
);

/** What whoever opens the ledger sees, read from a copy. */
function seen(home: string, beside: string): ReadonlyMap<string, unknown> {
  const copy = join(beside, `seen-${process.hrtime.bigint()}.sqlite3`);
  for (const suffix of ['', '-wal'])
    if (existsSync(ledgerIn(home) + suffix)) copyFileSync(ledgerIn(home) + suffix, copy + suffix);
  return tablesOf(copy);
}
