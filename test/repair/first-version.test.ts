// Repairs that 0.1.0 began and did not end. It moved every part of the old ledger away before it brought the next one: a
// kill in between left a home without one, or a main file without the rows of its WAL.
import { copyFileSync, lstatSync, mkdirSync, readFileSync, renameSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import Database from 'better-sqlite3';
import { expect, test } from 'vitest';
import { covens } from '../../fixtures/backup.ts';
import { cli, diagnose } from '../../fixtures/diagnose.ts';
import { makeHome } from '../../fixtures/home.ts';
import { insert, seen, write } from '../../fixtures/repair/replaced.ts';
import { makeScratch, type Scratch } from '../../fixtures/scratch.ts';
import { identify } from '../../src/host/identity.ts';

const mendId = '20261127T061107Z-122f46';
const undoId = '20261127T061108Z-f2aa5c';

/** A journal that 0.1.0 wrote. Numbers and times of files are those of the machine it ran on. */
const recorded = (name: string): readonly string[] =>
  readFileSync(new URL(`../../fixtures/repair/0.1.0/${name}.jsonl`, import.meta.url), 'utf8')
    .trimEnd()
    .split('\n');

const aside = (run: string): string => join('doctor', 'runs', run, 'quarantine');
const parts = ['', '-wal', '-shm'].map((part) => `coven.sqlite3${part}`);
const [main = '', wal = '', shm = ''] = parts;

/** From where to where, below the home, in the order of that version. */
const mendMoves: readonly (readonly [string, string])[] = [
  ...[shm, wal, main].map((name) => [name, join(aside(mendId), `1-${name}`)] as const),
  [join(aside(mendId), '1-mended.sqlite3'), main] as const,
];
const undoMoves: readonly (readonly [string, string])[] = [
  [main, join(aside(undoId), `1-${main}`)] as const,
  ...parts.map((name) => [join(aside(mendId), `1-${name}`), name] as const),
];

/** Which file each number in a journal stands for, before the first move of the mend. */
const numbers: Readonly<Record<string, string>> = {
  '2408557': '.',
  '2410211': main,
  '2410212': wal,
  '2410215': shm,
  '2410362': join(aside(mendId), '1-mended.sqlite3'),
};

function makeStarted({ path }: Scratch) {
  const home = makeHome(join(path, 'home'), { rows: [{ id: 'a', status: 'completed' }], events: 2 });
  const ledger = join(home, main);
  write(home, insert('in-the-wal'));
  for (const run of [mendId, undoId]) mkdirSync(join(home, aside(run)), { recursive: true, mode: 0o700 });
  // 0.1.0 mended a copy, to which it gave the time of the ledger to the second.
  const mended = join(home, aside(mendId), '1-mended.sqlite3');
  for (const part of ['', '-wal']) copyFileSync(ledger + part, mended + part);
  const db = new Database(mended);
  db.pragma('wal_checkpoint(TRUNCATE)');
  db.close();
  const seconds = Math.floor(lstatSync(ledger).mtimeMs / 1000);
  utimesSync(mended, seconds, seconds);
  const found = Object.fromEntries(Object.entries(numbers).map(([ino, name]) => [ino, identify(join(home, name))]));
  // The home itself is known by two fields alone.
  const asHere = (is: { readonly ino: string }): unknown =>
    Object.fromEntries(Object.entries(found[is.ino] ?? {}).filter(([field]) => field in is));
  const journal = (run: string, lines: readonly string[]): void =>
    writeFileSync(
      join(home, 'doctor', 'runs', run, 'journal.jsonl'),
      lines
        .map((line) => JSON.parse(line, (_key, is) => (is?.ino in found ? asHere(is) : is)))
        .map((record) => `${JSON.stringify(record)}\n`)
        .join(''),
      { mode: 0o600 },
    );
  const move = (moves: typeof mendMoves): void => {
    for (const [from, to] of moves) {
      mkdirSync(dirname(join(home, to)), { recursive: true, mode: 0o700 });
      renameSync(join(home, from), join(home, to));
    }
  };
  return { home, journal, move };
}

const fix = async (home: string): Promise<readonly [number | undefined, string]> => {
  const { exitCode, stdout } = await cli(['--home', home, '--fix', '--yes']);
  return [exitCode, stdout];
};

test.each([0, 1, 2, 3, 4])('a mend that was cut off after %i moves is taken back, with every row', async (count) => {
  await using scratch = await makeScratch();
  const { home, journal, move } = makeStarted(scratch);
  const before = covens(home);
  const rows = seen(home);
  journal(mendId, recorded('mend').slice(0, 2));
  move(mendMoves.slice(0, count));
  expect((await diagnose(home)).faults).toContain('home:repairs unfinished warn');
  expect(await fix(home)).toEqual([0, expect.stringContaining('store:index search-index was taken back')]);
  expect([covens(home), seen(home)]).toEqual([before, rows]);
});

test.each([0, 1, 2, 3, 4])('an undo that was cut off after %i moves is taken back, with every row', async (count) => {
  await using scratch = await makeScratch();
  const { home, journal, move } = makeStarted(scratch);
  const rows = seen(home);
  journal(mendId, recorded('mend'));
  journal(undoId, recorded('undo'));
  move(mendMoves);
  const mended = covens(home);
  move(undoMoves.slice(0, count));
  expect((await diagnose(home)).faults).toContain('home:repairs unfinished warn');
  expect(await fix(home)).toEqual([0, expect.stringContaining('undo was taken back')]);
  expect([covens(home), seen(home)]).toEqual([mended, rows]);
});
