// What a rescue says is lost, held against what is: of ledgers that were cut off, and that lost pages.
import { createHash } from 'node:crypto';
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { cli } from '../../fixtures/diagnose.ts';
import { damageTable, makeHome } from '../../fixtures/home.ts';
import { makeScratch, type Scratch } from '../../fixtures/scratch.ts';
import type { RescueReport } from '../../src/rescue/report.ts';

const page = 4096;
const each = 100;
/** An id as Coven gives them, and the same in each run: where its entry lies in an index decides what is named. */
const idOf = (word: string): string =>
  createHash('md5')
    .update(word)
    .digest('hex')
    .replace(/(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
const ids = Array.from({ length: 6 }, (_, index) => idOf(`session ${index}`));
const ownerOf = (seq: number): string => ids[Math.floor((seq - 1) / each)] ?? '';

let scratch: Scratch;
let whole: string;
beforeAll(async () => {
  scratch = await makeScratch();
  whole = makeHome(join(scratch.path, 'whole'), { rows: ids.map((id) => ({ id, status: 'completed' })) });
  const db = new Database(join(whole, 'coven.sqlite3'));
  const insert = db.prepare(
    "INSERT INTO events (id, session_id, kind, payload_json, created_at) VALUES (?, ?, 'output', ?, ?)",
  );
  for (let seq = 1; seq <= each * ids.length; seq += 1) {
    const data = `line ${seq} ${'x'.repeat(600)}\n`;
    const time = new Date(1_764_000_000_000 + 1000 * seq).toISOString();
    insert.run(idOf(`event ${seq}`), ownerOf(seq), JSON.stringify({ data }), time);
  }
  db.close();
});
afterAll(() => scratch[Symbol.asyncDispose]());

/** A copy of the home with other bytes in its ledger. */
function damaged(name: string, change: (bytes: Buffer) => Buffer): string {
  const home = join(scratch.path, name);
  cpSync(whole, home, { recursive: true });
  const ledger = join(home, 'coven.sqlite3');
  writeFileSync(ledger, change(readFileSync(ledger)));
  return home;
}

const cut = (bytes: Buffer): Buffer => bytes.subarray(0, page * Math.floor((0.6 * bytes.length) / page));
const zeroed = (bytes: Buffer): Buffer => bytes.fill(0, 45 * page, 90 * page);

const dryRun = async (home: string, ...more: string[]) => {
  const run = (...words: string[]) => cli(['rescue', '--dry-run', '--home', home, ...more, ...words]);
  const [screen, json] = [await run(), await run('--json')];
  return { screen: screen.stdout, exit: screen.exitCode, report: JSON.parse(json.stdout) as RescueReport };
};

/** Seqs of the whole ledger that a rescued one does not hold. */
async function trulyLost(home: string): Promise<readonly number[]> {
  const file = `${home}-rescued`;
  await cli(['rescue', '--home', home, '-o', file]);
  const db = new Database(file, { readonly: true });
  const held = new Set(db.prepare('SELECT rowid FROM events').pluck().all() as number[]);
  db.close();
  return Array.from({ length: each * ids.length }, (_, index) => index + 1).filter((seq) => !held.has(seq));
}

describe.each([
  ['cut off', cut],
  ['without 45 pages', zeroed],
] as const)('a ledger %s', (name, change) => {
  let home: string;
  let seen: Awaited<ReturnType<typeof dryRun>>;
  let lost: readonly number[];
  beforeAll(async () => {
    home = damaged(name.replaceAll(' ', '-'), change);
    [seen, lost] = [await dryRun(home), await trulyLost(home)];
  });

  test('what is lost is no less than what is named, and no more than what is named and what nothing names', () => {
    const { report, screen, exit } = seen;
    expect(lost.length).toBeGreaterThan(50);
    expect(report.lost).toBeLessThanOrEqual(lost.length);
    expect(report.lost + (report.unaccounted?.events ?? 0)).toBe(lost.length);
    expect(screen).toContain(`At least ${report.lost} rows lost, and more may be: `);
    expect(screen).toContain(`Up to ${report.unaccounted?.events} more events may be lost: nothing names seq `);
    expect(exit).toBe(1);
  });

  test('every session that lost events is named as one that is not complete, and no other is', () => {
    const { report, screen } = seen;
    const hurt = [...new Set(lost.map(ownerOf))].toSorted();
    const named = [...screen.matchAll(/^ {2}([0-9a-f-]{36})/gm)].map(([, id]) => id ?? '');
    expect(named.toSorted()).toEqual(hurt);
    for (const id of hurt) {
      const own = lost.filter((seq) => ownerOf(seq) === id).length;
      const told = report.sessions.find((session) => session.id === id);
      expect(told?.lost).toBeLessThanOrEqual(own);
      expect((told?.lost ?? 0) + (told?.likely?.lost ?? 0) + (told?.likely?.unaccounted ?? 0)).toBeLessThanOrEqual(own);
      if (told?.lost) expect(screen).toMatch(new RegExp(`${id} "title": \\d+ events?, at least ${told.lost} lost`));
      if (told?.rescued === 0) expect(told).toMatchObject({ eventless: true });
    }
    expect(screen).toMatch(/^ {2}session not known: \d+ events lost, /m);
  });

  test('with all of it filled from a copy, what was named is no longer told as missing', async () => {
    const { report, screen } = await dryRun(home, '--merge', whole);
    expect(report.lost).toBe(0);
    expect(report.merge).toMatchObject({ events: seen.report.lost });
    expect(report.sessions.filter((session) => session.lost > 0 || session.id === '')).toEqual([]);
    expect(report.missing).toEqual([]);
    expect(screen).not.toContain('session not known');
    const wanted = ids.flatMap((id) => ['--session', id]);
    const all = await dryRun(home, '--merge', whole, ...wanted);
    expect(all.report.unaccounted).toMatchObject({ events: 0, seqs: [] });
    expect(all.screen).not.toContain('Sessions that are not complete');
  });
});

test('a replay after a rescue says how much is missing, and where', async () => {
  const home = damaged('replayed', zeroed);
  const done = JSON.parse((await cli(['rescue', '--home', home, '--yes', '--json'])).stdout) as RescueReport & {
    run: string;
  };
  const told = done.sessions.find((one) => one.lost > 0 && one.likely && one.rescued > 0);
  const show = (...words: string[]) => cli(['sessions', 'show', told?.id ?? '', '--home', home, ...words]);
  const { stdout } = await show();
  const words = stdout.replaceAll(/\s+/g, ' ');
  expect(words).toContain(
    `The rescue of run ${done.run} did not bring back at least ${told?.lost} event${told?.lost === 1 ? '' : 's'} of this session (seq `,
  );
  expect(words).toContain('The events around them are of this session, so they most likely are, too.');
  expect(stdout).toMatch(/\n\[\.\.\. \d+ events? missing, and most likely \d+ more: seq \d+ to \d+ \.\.\.\]\n/);
  expect((await show('--raw')).stdout).not.toContain('missing');
  // What is missing behind a page is told where it is.
  expect((await show('--limit', '5')).stdout).not.toContain('[...');
});

test('a ledger that is not damaged is told so, and not told to be rescued', async () => {
  const { screen, exit } = await dryRun(whole);
  expect(exit).toBe(0);
  expect(screen).toContain('This ledger is not damaged');
  expect(screen).toContain('606 rows read: 6 sessions, 600 events, 0 other.');
  expect(screen).toContain('Nothing was changed, and nothing has to be rescued.');
  expect(screen).not.toMatch(/Damaged ledger|This rescues it|Nothing was lost/);
});

test('what stands for the lost row of a session is not counted as rescued, and its row is counted as lost', async () => {
  const home = damaged('sessions', (bytes) => bytes);
  damageTable(join(home, 'coven.sqlite3'), 'sessions');
  const { screen, report } = await dryRun(home);
  expect(screen).toContain('600 rows rescued: 0 sessions, 600 events, 0 other.');
  expect(report).toMatchObject({ lost: 6, placeholders: 6 });
  expect(report.tables.find(({ table }) => table === 'sessions')).toEqual({
    ...{ table: 'sessions', rescued: 0, lost: 6, uncertain: 0 },
  });
});

test('where no index names the sessions either, their events do', async () => {
  const home = damaged('sessions-and-indexes', (bytes) => bytes);
  const ledger = join(home, 'coven.sqlite3');
  for (const table of ['sessions', 'sqlite_autoindex_sessions_1']) damageTable(ledger, table);
  const { report, exit } = await dryRun(home);
  expect(report).toMatchObject({ lost: 6, placeholders: 6 });
  expect(exit).toBe(1);
});
