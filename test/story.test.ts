import Database from 'better-sqlite3';
import { expect, test } from 'vitest';
import { hoursAgo, makeHome } from '../fixtures/home.ts';
import { makeScratch } from '../fixtures/scratch.ts';
import { readStory } from '../src/coven/story.ts';
import { readSessions } from '../src/store/sessions.ts';

const at = (minute: number): string => `2026-11-25T07:${String(minute).padStart(2, '0')}:00.000Z`;
const log = (...lines: readonly (readonly [minute: number, said: string])[]): string =>
  lines.map(([minute, said]) => `[${at(minute)}] ${said}\n`).join('');

test('each start has what was written until the next one', () => {
  const { starts } = readStory(
    log(
      [0, 'startup_checkpoint phase=daemon-store-begin elapsed_ms=1'],
      [1, 'daemon starting pid=7'],
      [9, 'daemon stopping'],
      [10, 'startup_checkpoint phase=daemon-store-begin elapsed_ms=1'],
      [11, 'startup_checkpoint phase=daemon-store-end elapsed_ms=9'],
      [20, 'startup_checkpoint phase=daemon-store-begin elapsed_ms=1'],
      [21, 'daemon starting pid=9'],
      [25, "thread 'main' panicked at src/x.rs"],
      [26, 'note'],
    ),
  );
  expect(starts).toEqual([
    { at: at(0), completed: true, stopped: true, panickedAt: null, lastAt: at(9) },
    { at: at(10), completed: false, stopped: false, panickedAt: null, lastAt: at(11) },
    { at: at(20), completed: true, stopped: false, panickedAt: at(25), lastAt: at(26) },
  ]);
});

test('errors are counted by what they say but for numbers and ids, with their first and last time', () => {
  const id = '5b0e8c9e-1111-4222-8333-9444555566';
  const { errors } = readStory(
    log(
      [0, 'startup_checkpoint phase=daemon-store-begin elapsed_ms=1'],
      [1, 'daemon starting pid=7'],
      [2, 'unix accept error: Too many open files (os error 24)'],
      [3, `API handler error for GET /api/v1/sessions/${id}01: x failed`],
      [4, 'unix accept error: Too many open files (os error 23)'],
      [5, `API handler error for GET /api/v1/sessions/${id}ff: x failed`],
      [30, 'unix accept error: Too many open files (os error 24)'],
      [31, 'a note'],
    ) +
      'a failure without a time\n' +
      log([32, "thread 'main' panicked at src/x.rs"]) +
      '   7: core::panicking::failed\n   8: core::panicking::failed\n',
  );
  expect(errors.map(({ times, burst, firstAt, lastAt, failure }) => [times, burst, firstAt, lastAt, failure])).toEqual([
    [3, 1, at(2), at(30), true],
    [2, 2, at(3), at(5), true],
    [1, 1, at(31), at(31), false],
    [1, 1, at(31), at(31), true],
  ]);
});

test('sessions are counted by day and status; what has no date, and what is older than a month, is not told by day', async () => {
  await using scratch = await makeScratch('memory');
  const old = { id: 'old', status: 'failed', createdAt: hoursAgo(24 * 40) };
  const rows = [
    ...[1, 2].map((hour) => ({ id: `t${hour}`, status: 'completed', createdAt: hoursAgo(hour / 1000) })),
    { id: 'y', status: 'failed', createdAt: hoursAgo(48) },
    { id: 'none', status: 'failed', createdAt: 'yesterday' },
    { id: '__cockpit__', status: 'running' },
    old,
  ];
  const home = makeHome(scratch.path, { rows });
  const db = new Database(`${home}/coven.sqlite3`, { readonly: true });
  const day = (hours: number): string => hoursAgo(hours).slice(0, 10);
  expect(readSessions(db).byDay).toEqual([
    { day: day(48), status: 'failed', sessions: 1 },
    { day: day(0), status: 'completed', sessions: 2 },
  ]);
  db.close();
});
