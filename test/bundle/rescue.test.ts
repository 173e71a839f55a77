// What can be rescued of a damaged ledger, and what a rescue brought back, as support reads it in a bundle.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { expect, test } from 'vitest';
import { checks } from '../../checks/index.ts';
import { cli } from '../../fixtures/diagnose.ts';
import { makeHome } from '../../fixtures/home.ts';
import { makeScratch, type Scratch } from '../../fixtures/scratch.ts';
import { snapshot } from '../../fixtures/snapshot.ts';
import { readBundle } from '../../src/bundle/read.ts';
import { verifyMembers } from '../../src/bundle/verify.ts';
import { rescueMember } from '../../src/cli/rescue/member.ts';
import { fail } from '../../src/model/check.ts';
import type { RescueMember, RescueTold } from '../../src/model/rescue-told.ts';

const pageSize = 4096;
const ids = ['6f9619ff-8b86-4011-b42d-00cf4fc964ff', 'c0ffee00-8b86-4011-b42d-00cf4fc964ff'] as const;
const at = (index: number): string => `2026-11-20T10:${String(index % 60).padStart(2, '0')}:00.000Z`;

/** A stopped home of two sessions; a leaf is zeros that holds events of the first alone. */
function damagedHome(scratch: Scratch): string {
  const home = makeHome(join(scratch.path, 'home'), { rows: ids.map((id) => ({ id, status: 'completed' })) });
  const ledger = join(home, 'coven.sqlite3');
  const db = new Database(ledger);
  // A root that is split keeps its rows in its free space otherwise, and they are rescued from there.
  db.pragma('secure_delete = ON');
  db.exec("UPDATE sessions SET title = 'the quick brown fox'");
  const insert = db.prepare(
    "INSERT INTO events (id, session_id, kind, payload_json, created_at) VALUES (?, ?, 'output', ?, ?)",
  );
  for (let index = 0; index < 200; index += 1)
    insert.run(`e${index}`, ids[index < 150 ? 0 : 1], JSON.stringify({ data: `line ${index} ` }), at(index));
  db.close();
  const bytes = readFileSync(ledger);
  const isHit = (page: Buffer): boolean => page[0] === 13 && page.includes('line 3 ') && !page.includes('line 160 ');
  for (let from = pageSize; from < bytes.length; from += pageSize)
    if (isHit(bytes.subarray(from, from + pageSize))) bytes.fill(0, from, from + pageSize);
  writeFileSync(ledger, bytes);
  return home;
}

async function bundled(home: string, file: string, ...words: readonly string[]) {
  const run = await cli(['bundle', '--home', home, '-o', file, ...words]);
  expect([run.exitCode, run.stderr]).toEqual([0, '']);
  const { members } = verifyMembers(await readBundle(file));
  const text = (name: string): string => members.get(name)?.toString() ?? '';
  return { members, page: text('report.html'), rescue: JSON.parse(text('rescue.json')) as RescueMember };
}

test('a bundle tells what can be rescued of a damaged ledger, by table and session, without an id or a title', async () => {
  await using scratch = await makeScratch();
  const home = damagedHome(scratch);
  const before = snapshot(home);
  const file = join(scratch.path, 'x.zip');
  const { members, page, rescue } = await bundled(home, file);
  expect(snapshot(home)).toEqual(before);
  const now = rescue.now as RescueTold;
  expect(now.lost).toBeGreaterThan(10);
  expect(rescue).toMatchObject({
    now: {
      tables: expect.arrayContaining([
        { table: 'events', rescued: 200 - now.lost, lost: now.lost, uncertain: 0 },
        { table: 'sessions', rescued: 2, lost: 0, uncertain: 0 },
      ]),
      sessions: [
        {
          id: expect.stringMatching(/^<id-\d+>$/),
          title: expect.stringMatching(/^‹line:19 chars #\d+›$/),
          ...{ rescued: 150 - now.lost, lost: now.lost, seqs: [[1, now.lost]], placeholder: false },
          ...{ missingFrom: at(0), missingUntil: at(now.lost - 1) },
        },
      ],
      incomplete: 1,
    },
    runs: [],
  });
  // The same session has the same token in every member.
  const listed = JSON.parse(members.get('sessions.json')?.toString() ?? '') as { list: { id: string }[] | null };
  if (listed.list) expect(listed.list.map(({ id }) => id)).toContain(now.sessions[0]?.id);
  for (const [name, bytes] of members)
    for (const secret of [...ids, 'quick brown', 'line 3 '])
      expect([name, secret, bytes.includes(secret)]).toEqual([name, secret, false]);
  const shown = page.slice(page.indexOf('<section id="rescue"')).split('</section>')[0] ?? '';
  for (const part of ['What can be rescued now', `1–${now.lost}`, '&lt;id-', '2026-11-20 10:00:00'])
    expect(shown).toContain(part);
  expect(page).toContain('href="#rescue"');
  expect((await cli(['bundle', 'verify', file])).exitCode).toBe(0);
  const analysed = await cli(['analyze', file, '--json']);
  expect([analysed.exitCode, analysed.stderr]).toEqual([1, '']);
  const asked = await bundled(home, join(scratch.path, 'titles.zip'), '--include-titles');
  expect((asked.rescue.now as RescueTold).sessions[0]?.title).toBe('the quick brown fox');
});

test('after a rescue, a bundle tells what that run brought back, and that it was undone', async () => {
  await using scratch = await makeScratch();
  const home = damagedHome(scratch);
  const done = JSON.parse((await cli(['rescue', '--home', home, '--yes', '--json'])).stdout) as {
    run: string;
    lost: number;
  };
  const { page, rescue } = await bundled(home, join(scratch.path, 'x.zip'));
  expect(rescue).toMatchObject({
    now: null,
    runs: [{ run: done.run, undone: false, lost: done.lost, sessions: [{ seqs: [[1, done.lost]] }] }],
  });
  expect(page).toContain(`Rescued in run ${done.run}`);
  expect((await cli(['undo', '--home', home])).exitCode).toBe(0);
  const later = await bundled(home, join(scratch.path, 'y.zip'));
  expect(later.rescue).toMatchObject({ now: { lost: done.lost }, runs: [{ run: done.run, undone: true }] });
});

test('what is not read in time is told as not known', async () => {
  await using scratch = await makeScratch();
  const home = damagedHome(scratch);
  const check = checks.find(({ id }) => id === 'store:integrity');
  const findings = [fail('corrupt', '<coven-home>/coven.sqlite3', { evidence: [] })];
  const runs = check ? [{ check, findings, durationMs: 1 }] : [];
  const told = await rescueMember(home, runs as Parameters<typeof rescueMember>[1], AbortSignal.abort());
  expect(told).toEqual({ now: { outcome: 'late' }, runs: [] });
});
