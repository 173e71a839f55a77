// What a rescue left out of a session is told wherever that session is replayed, for as long as the rescue stands.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { expect, test } from 'vitest';
import { cli } from '../../fixtures/diagnose.ts';
import { hoursAgo, makeHome } from '../../fixtures/home.ts';
import { makeScratch } from '../../fixtures/scratch.ts';
import { snapshot } from '../../fixtures/snapshot.ts';

const pageSize = 4096;

/** A stopped home of two sessions; a leaf is zeros that holds events of the first alone. */
function damagedHome(path: string): string {
  const home = makeHome(path, { rows: ['first', 'second'].map((id) => ({ id, status: 'completed' })) });
  const ledger = join(home, 'coven.sqlite3');
  const db = new Database(ledger);
  // A root that is split keeps its rows in its free space otherwise, and they are rescued from there.
  db.pragma('secure_delete = ON');
  const insert = db.prepare(
    "INSERT INTO events (id, session_id, kind, payload_json, created_at) VALUES (?, ?, 'output', ?, ?)",
  );
  for (let index = 0; index < 200; index += 1)
    insert.run(`e${index}`, index < 150 ? 'first' : 'second', JSON.stringify({ data: `line ${index} ` }), hoursAgo(1));
  db.close();
  const bytes = readFileSync(ledger);
  const isHit = (page: Buffer): boolean => page[0] === 13 && page.includes('line 3 ') && !page.includes('line 160 ');
  for (let at = pageSize; at < bytes.length; at += pageSize)
    if (isHit(bytes.subarray(at, at + pageSize))) bytes.fill(0, at, at + pageSize);
  writeFileSync(ledger, bytes);
  return home;
}

test('a session says what a rescue left out of it, until that is undone', async () => {
  await using scratch = await makeScratch();
  const home = damagedHome(join(scratch.path, 'home'));
  const { stdout } = await cli(['rescue', '--home', home, '--yes', '--json']);
  const { run, lost } = JSON.parse(stdout) as { run: string; lost: number };
  expect(lost).toBeGreaterThan(10);
  const before = snapshot(home);
  const show = (id: string, ...more: string[]) => cli(['sessions', 'show', id, '--home', home, ...more]);
  expect((await show('first')).stdout.replaceAll(/\s+/g, ' ')).toContain(
    `The rescue of run ${run} did not bring back ${lost} events of this session (seq 1 to ${lost}): ${lost} lost.`,
  );
  expect(JSON.parse((await show('first', '--json')).stdout).losses).toEqual([
    {
      ...{ run, lost, uncertain: 0, seqs: [[1, lost]], placeholder: false },
      ...{ likely: null, eventless: false, mayLackMore: false },
    },
  ]);
  expect((await show('second')).stdout).not.toContain('rescue');
  expect(snapshot(home)).toEqual(before);
  const undone = await cli(['undo', '--home', home]);
  expect(undone.exitCode, undone.stdout + undone.stderr).toBe(0);
  expect((await show('first')).stdout).not.toContain('rescue of run');
});

test('a list of losses that others could have written, or that is none, says nothing', async () => {
  await using scratch = await makeScratch();
  const home = damagedHome(join(scratch.path, 'home'));
  const { stdout } = await cli(['rescue', '--home', home, '--yes', '--json']);
  const list = join(home, 'doctor', 'runs', (JSON.parse(stdout) as { run: string }).run, 'rescue-report.json');
  const told = async (text: string): Promise<unknown> => {
    writeFileSync(list, text);
    const { exitCode, stdout } = await cli(['sessions', 'show', 'first', '--home', home, '--json']);
    expect(exitCode).toBe(0);
    return JSON.parse(stdout).losses;
  };
  for (const text of ['', '{', 'null', '{"sessions": [{"id": "first"}]}', '[null, 7]', `[${'[],'.repeat(300_000)}0]`])
    expect(await told(text)).toEqual([]);
});
