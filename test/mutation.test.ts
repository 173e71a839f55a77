import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { diagnose } from '../fixtures/diagnose.ts';
import { makeHome } from '../fixtures/home.ts';
import { makeScratch } from '../fixtures/scratch.ts';
import { readStory } from '../src/coven/story.ts';
import { readHeader } from '../src/host/ledger-header.ts';
import { withLiveHost } from '../src/host/live.ts';
import { parseLocks } from '../src/host/observations/home-locks.ts';
import { seeWal } from '../src/host/wal.ts';

// The same inputs in every run; COVEN_DOCTOR_SEED asks for others.
const seed = Number(process.env.COVEN_DOCTOR_SEED ?? 1);
const pure = { seed, numRuns: 2000 };
const onDisk = { seed, numRuns: 200 };
/** Runs of the whole program, a quarter of a second each. */
const whole = { seed, numRuns: 25 };

const time = fc.constantFrom(
  '2026-11-24T10:00:00.000000000Z',
  '2026-11-24T10:00:01.5Z',
  '9999-99-99T99:99:99Z',
  'never',
);
const said = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.constantFrom(
    'startup_checkpoint phase=daemon-store-begin elapsed_ms=0',
    'startup_checkpoint phase=',
    'daemon starting pid=1 socket=/x',
    'daemon stopping pid=1',
    'daemon panic: x',
    'error: \u0000\u001b[2J',
  ),
);
const logText = fc
  .array(
    fc.oneof(
      fc.string(),
      fc.tuple(time, said).map(([at, text]) => `[${at}] ${text}`),
    ),
  )
  .map((lines) => lines.join('\n'));

describe('what is read from strings', () => {
  test('a story never fails, and tells no more than was written', () => {
    fc.assert(
      fc.property(logText, (text) => {
        const story = readStory(text);
        expect(story.lines).toBeLessThanOrEqual(text.split('\n').length);
        expect(story.starts.length).toBeLessThanOrEqual(story.lines);
        expect(story.panics).toBeLessThanOrEqual(story.lines);
        expect(story.burstBytes).toBeLessThanOrEqual(text.length + 1);
        expect(story.last === null).toBe(story.starts.length === 0);
      }),
      pure,
    );
  });

  test('lock lines: what is no line holds nothing', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.integer({ min: -2, max: 2 ** 22 }), (junk, pid) => {
        const good = `1: FLOCK  ADVISORY  WRITE ${pid} fe:00:2146363 0 EOF`;
        const lines = parseLocks(`${junk.replaceAll('\n', '')}!\n${good}\n`);
        expect(lines.at(-1)).toMatchObject({ kind: 'FLOCK', pid: Math.max(0, pid), inode: '2146363' });
        expect(lines).toHaveLength(1);
      }),
      pure,
    );
  });

  test('a header is one only with the magic and its hundred bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.boolean(), (bytes, magic) => {
        const buffer = Buffer.concat([Buffer.from(magic ? 'SQLite format 3\0' : ''), bytes]);
        const isOne = buffer.length >= 100 && buffer.toString('latin1', 0, 16) === 'SQLite format 3\0';
        expect(readHeader(buffer) !== null).toBe(isOne);
      }),
      pure,
    );
  });
});

describe('what is read from files', () => {
  const { signal } = new AbortController();
  const recordBytes = fc.oneof(
    fc.uint8Array({ maxLength: 400 }),
    fc.json().map((text) => Buffer.from(text)),
    fc.record({ pid: fc.anything(), startedAt: fc.anything(), socket: fc.anything() }).map((value) => {
      try {
        return Buffer.from(JSON.stringify(value));
      } catch {
        return Buffer.from('{');
      }
    }),
  );

  test('a record is valid only as an object with a pid', async () => {
    await using scratch = await makeScratch();
    await fc.assert(
      fc.asyncProperty(recordBytes, async (bytes) => {
        writeFileSync(join(scratch.path, 'daemon.json'), bytes);
        const look = await withLiveHost({ home: scratch.path, env: {}, deadlineMs: 10_000 }, signal, ({ observe }) =>
          observe('daemon.record'),
        );
        const { state, pid } = look.ok ? look.value : expect.fail(look.error.message);
        expect(state === 'valid').toBe(pid !== null);
        if (state === 'valid') expect(JSON.parse(Buffer.from(bytes).toString()).pid).toBe(pid);
      }),
      onDisk,
    );
  });

  test('a WAL is whole only with the checksums of SQLite', async () => {
    await using scratch = await makeScratch();
    const home = makeHome(join(scratch.path, 'home'), { leaveWal: true, rows: [{ id: 'a', status: 'completed' }] });
    const wal = join(home, 'coven.sqlite3-wal');
    const good = readFileSync(wal);
    expect(await seeWal(wal)).toEqual({ walState: 'valid', walPageSize: 4096 });
    const mutated = fc.tuple(fc.integer({ min: 0, max: 32 + 24 + 4096 - 1 }), fc.integer({ min: 1, max: 255 }));
    await fc.assert(
      fc.asyncProperty(mutated, async ([at, by]) => {
        const bytes = Buffer.from(good);
        bytes[at] = (bytes[at] ?? 0) ^ by;
        writeFileSync(wal, bytes);
        expect((await seeWal(wal)).walState).toBe('torn');
      }),
      onDisk,
    );
  });
});

test('a ledger with bytes changed anywhere never passes where SQLite itself finds a fault', async () => {
  const change = fc.array(
    fc.tuple(
      fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
      fc.uint8Array({ minLength: 1, maxLength: 600 }),
    ),
    {
      minLength: 1,
      maxLength: 4,
    },
  );
  let faults = 0;
  await fc.assert(
    fc.asyncProperty(change, async (changes) => {
      await using scratch = await makeScratch();
      const rows = Array.from({ length: 40 }, (_, n) => ({ id: `s-${n}`, status: 'completed' }));
      const home = makeHome(join(scratch.path, 'home'), { rows, events: 400, eventBytes: 200 });
      const ledger = join(home, 'coven.sqlite3');
      const bytes = readFileSync(ledger);
      for (const [where, patch] of changes)
        bytes.set(patch.slice(0, bytes.length - Math.floor(where * bytes.length)), Math.floor(where * bytes.length));
      writeFileSync(ledger, bytes);
      const copy = join(scratch.path, 'copy.sqlite3');
      copyFileSync(ledger, copy);
      const damaged = isDamaged(copy);
      if (damaged) faults += 1;
      // A diagnosis checks by itself that it changed nothing and that its report is valid.
      const { faults: found, exitCode } = await diagnose(home);
      const named = found.some((fault) => /^store:/.test(fault));
      expect([0, 1, 3]).toContain(exitCode);
      if (damaged) expect([named, exitCode]).toEqual([true, exitCode === 3 ? 3 : 1]);
    }),
    whole,
  );
  console.log(`ledgers changed at random: ${whole.numRuns} (seed ${seed}), damaged for SQLite: ${faults}, passed: 0`);
  expect(faults).toBeGreaterThan(5);
});

function isDamaged(path: string): boolean {
  try {
    const db = new Database(path);
    try {
      return db.pragma('quick_check(1)', { simple: true }) !== 'ok';
    } finally {
      db.close();
    }
  } catch {
    return true;
  }
}
