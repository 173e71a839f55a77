import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { expect, test } from 'vitest';
import { makeScratch } from '../../fixtures/scratch.ts';
import { readBytes } from '../../src/sqlite/bytes.ts';

const suffixes = ['', '-wal', '-shm'];

/** The files as a process leaves them that ends at once after `work`. */
function left(folder: string, work: (db: Database.Database, path: string) => void): string {
  mkdirSync(folder);
  const path = join(folder, 'db');
  const db = new Database(path);
  db.pragma('journal_mode = WAL');
  db.pragma('wal_autocheckpoint = 0');
  db.exec('CREATE TABLE rows (id INTEGER PRIMARY KEY, text)');
  work(db, path);
  const kept = join(folder, 'left');
  for (const suffix of suffixes) if (existsSync(path + suffix)) copyFileSync(path + suffix, kept + suffix);
  db.close();
  return kept;
}

const add = (db: Database.Database, count: number): void => {
  for (let index = 0; index < count; index += 1) db.prepare('INSERT INTO rows (text) VALUES (?)').run(`row ${index}`);
};

const gone = (path: string) => readBytes(path, { whole: true, leafMs: 0, hurry: () => false });
const lost = (path: string): number => gone(path).lostFrames;

const checkpoint =
  (mode: string) =>
  (db: Database.Database): void => {
    add(db, 20);
    db.pragma(`wal_checkpoint(${mode})`);
  };

/** How a ledger is left by processes that end as they do. */
const sound: readonly (readonly [string, (db: Database.Database, path: string) => void])[] = [
  ['rows in the WAL', (db) => add(db, 20)],
  ['nothing in it but the table', () => undefined],
  ...['PASSIVE', 'FULL', 'RESTART', 'TRUNCATE'].map((mode) => [`checkpoint ${mode}`, checkpoint(mode)] as const),
  ...['PASSIVE', 'RESTART', 'TRUNCATE'].map(
    (mode) =>
      [
        `checkpoint ${mode}, and rows after it`,
        (db: Database.Database) => {
          checkpoint(mode)(db);
          add(db, 3);
        },
      ] as const,
  ),
  [
    'half a checkpoint',
    (db, path) => {
      add(db, 20);
      const reader = new Database(path, { readonly: true });
      reader.exec('BEGIN');
      reader.prepare('SELECT count(*) FROM rows').get();
      add(db, 20);
      db.pragma('wal_checkpoint(PASSIVE)');
      reader.close();
    },
  ],
  [
    'a transaction that was rolled back',
    (db) => {
      add(db, 5);
      db.pragma('cache_size = 5');
      db.exec(`BEGIN; WITH n (i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < 400)
        INSERT INTO rows (text) SELECT hex(randomblob(400)) FROM n`);
    },
  ],
];

test.each(sound)('%s: nothing is gone', async (_name, work) => {
  await using scratch = await makeScratch();
  const { lostFrames, strayFrames } = gone(left(join(scratch.path, 'a'), work));
  expect([lostFrames, strayFrames]).toEqual([0, 0]);
});

test('what is gone from the WAL is counted, but for what a checkpoint had copied', async () => {
  await using scratch = await makeScratch();
  const make = (name: string, change: (path: string) => void, work = (db: Database.Database): void => add(db, 20)) => {
    const path = left(join(scratch.path, name), work);
    change(path);
    return lost(path);
  };
  const frame = 4096 + 24;
  expect(make('missing', (path) => rmSync(`${path}-wal`))).toBe(22);
  expect(make('empty', (path) => truncateSync(`${path}-wal`, 0))).toBe(22);
  expect(make('cut in its header', (path) => truncateSync(`${path}-wal`, 20))).toBe(22);
  expect(make('header alone', (path) => truncateSync(`${path}-wal`, 32))).toBe(22);
  expect(make('cut', (path) => truncateSync(`${path}-wal`, 32 + 20 * frame))).toBe(2);
  expect(make('cut in a frame', (path) => truncateSync(`${path}-wal`, 32 + 20 * frame - 1))).toBe(3);
  expect(make('copied', (path) => rmSync(`${path}-wal`), checkpoint('PASSIVE'))).toBe(0);
});

test('an older generation of a WAL in the place of the last one is told, and shared memory older than its WAL tells nothing', async () => {
  await using scratch = await makeScratch();
  const kept: { wal: Buffer; shm: Buffer }[] = [];
  const path = left(join(scratch.path, 'a'), (db, path) => {
    for (let generation = 0; generation < 3; generation += 1) {
      db.pragma('wal_checkpoint(RESTART)');
      add(db, 20);
      kept.push({ wal: readFileSync(`${path}-wal`), shm: readFileSync(`${path}-shm`) });
    }
  });
  const told = kept.flatMap(({ wal }, ofWal) =>
    kept.map(({ shm }, ofShm) => {
      writeFileSync(`${path}-wal`, wal);
      writeFileSync(`${path}-shm`, shm);
      const { lostFrames, strayFrames } = gone(path);
      return [ofWal, ofShm, lostFrames, strayFrames];
    }),
  );
  expect(told.filter(([wal, shm, lost, stray]) => lost !== ((shm ?? 0) > (wal ?? 0) ? 20 : 0) || stray !== 0)).toEqual(
    [],
  );
});

test('shared memory that is damaged tells nothing, and that of another WAL is told apart', async () => {
  await using scratch = await makeScratch();
  const path = left(join(scratch.path, 'a'), (db) => add(db, 20));
  const shm = readFileSync(`${path}-shm`);
  for (const at of [0, 12, 16, 40, 64]) {
    const changed = Buffer.from(shm);
    changed[at] = (changed[at] ?? 0) ^ 1;
    writeFileSync(`${path}-shm`, changed);
    rmSync(`${path}-wal`, { force: true });
    expect(lost(path), `byte ${at}`).toBe(0);
  }
  const other = left(join(scratch.path, 'b'), (db) => add(db, 3));
  writeFileSync(`${other}-shm`, shm);
  const { lostFrames, strayFrames } = gone(other);
  expect([lostFrames, strayFrames]).toEqual([0, 22]);
  rmSync(`${other}-shm`);
  mkdirSync(`${other}-shm`);
  expect(lost(other)).toBe(0);
});
