import {
  copyFileSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  renameSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { expect, test } from 'vitest';
import { covens } from '../../fixtures/backup.ts';
import { cli, diagnose } from '../../fixtures/diagnose.ts';
import { makeHome } from '../../fixtures/home.ts';
import { insert, seen, write } from '../../fixtures/repair/replaced.ts';
import { makeScratch, type Scratch } from '../../fixtures/scratch.ts';

const id = '20261126T204320Z-5c4fc6';

interface Identity {
  readonly ino: string;
}
interface Recorded {
  readonly path: string;
  readonly was: Identity | null;
  readonly kept: string;
  readonly is: Identity | null;
  readonly staged: string;
}

/** What 0.1.0 wrote before the first move of a restore. Numbers and times of files are those of the machine it ran on. */
const recorded = readFileSync(new URL('restore-0.1.0.json', import.meta.url), 'utf8');

/** Which file each number stands for. */
const files: Readonly<Record<string, string>> = {
  '2215731': 'coven.sqlite3',
  '2215732': 'coven.sqlite3-wal',
  '2215733': 'coven.sqlite3-shm',
  '2215698': 'keys/one',
  '2215755': `doctor/runs/${id}/now/coven.sqlite3`,
  '2215763': `doctor/runs/${id}/staged/coven.sqlite3.whole`,
  '2215738': `doctor/runs/${id}/staged/keys/one`,
};

/** A home in which 0.1.0 was killed when it had made so many moves of a restore. */
function makeCutOff({ path }: Scratch, count: number) {
  const home = makeHome(join(path, 'home'), { rows: [{ id: 'a', status: 'completed' }], events: 2 });
  const run = join(home, 'doctor', 'runs', id);
  const ledger = join(home, 'coven.sqlite3');
  for (const name of ['quarantine', 'now', 'staged/keys']) mkdirSync(join(run, name), { recursive: true, mode: 0o700 });
  for (const name of ['', 'runs', `runs/${id}`, `runs/${id}/staged`])
    expect(lstatSync(join(home, 'doctor', name)).mode & 0o777).toBe(0o700);
  mkdirSync(join(home, 'keys'), { mode: 0o700 });
  copyFileSync(ledger, join(run, 'staged', 'coven.sqlite3.whole'));
  writeFileSync(join(run, 'staged', 'keys', 'one'), 'of the backup', { mode: 0o600 });
  writeFileSync(join(home, 'keys', 'one'), 'of later', { mode: 0o600 });
  write(home, insert('later'));
  const settled = join(run, 'now', 'coven.sqlite3');
  for (const part of ['', '-wal']) copyFileSync(ledger + part, settled + part);
  const db = new Database(settled);
  db.pragma('wal_checkpoint(TRUNCATE)');
  db.close();
  utimesSync(settled, 1, 1);
  const of = (number: string): object => {
    const { dev, ino, mode, size, mtimeNs } = lstatSync(join(home, files[number] ?? ''), { bigint: true });
    const texts = { dev: String(dev), ino: String(ino), size: String(size), mtimeNs: String(mtimeNs) };
    return { ...texts, folder: false, mode: Number(mode & 0o7777n) };
  };
  const moves = (JSON.parse(recorded) as Recorded[]).map((move) => ({
    ...move,
    was: move.was && of(move.was.ino),
    is: move.is && of(move.is.ino),
  }));
  const before = untimed(home);
  writeFileSync(join(run, 'restore.json'), `${JSON.stringify(moves)}\n`, { mode: 0o600 });
  for (const { path, was, is, kept, staged } of moves.slice(0, count)) {
    const place = join(home, path);
    if (was && is) linkSync(place, join(run, kept));
    else renameSync(place, join(run, kept));
    if (is) renameSync(join(run, staged), place);
  }
  return { home, before, run };
}

/** Without the times of folders, which every rename in them changes. */
const untimed = (home: string): readonly string[] =>
  covens(home).map((line) => line.replace(/^(.* 40\d{3} \S+ \d+ \d+) \d+ $/, '$1'));
const sessionsOf = (home: string): readonly string[] =>
  seen(home).flatMap((row) => (row.startsWith('sessions ') ? row.replace('sessions ', '') : []));

test.each([0, 1, 2, 3, 4, 5])(
  'a restore of 0.1.0 that was cut off after %i moves is told and taken back',
  async (count) => {
    await using scratch = await makeScratch();
    const { home, before } = makeCutOff(scratch, count);
    expect((await diagnose(home)).faults).toContain('home:repairs unfinished warn');
    expect((await cli(['runs', '--home', home])).stdout).toBe(
      `${id}  backup restore, CUT OFF\nWhat was cut off is finished or taken back with:\n  coven-doctor --fix --yes --home ${home}\n`,
    );
    const { stdout, exitCode } = await cli(['--home', home, '--fix', '--yes']);
    expect([exitCode, stdout]).toEqual([0, expect.stringContaining('backup restore was taken back')]);
    expect(untimed(home)).toEqual(before);
    expect((await diagnose(home)).faults).toEqual(['daemon stopped warn']);
  },
);

test.each([
  [2, ['a', 'later', 'since'], 'of later', 'is left as it is'],
  [4, ['a', 'since'], 'of the backup', 'was complete'],
] as const)(
  'after %i moves, and written to by Coven since, it converges with every session in view',
  async (count, ids, key, words) => {
    await using scratch = await makeScratch();
    const { home } = makeCutOff(scratch, count);
    const db = new Database(join(home, 'coven.sqlite3'));
    db.exec(insert('since'));
    db.close();
    const { stdout, exitCode } = await cli(['--home', home, '--fix', '--yes']);
    expect([exitCode, stdout]).toEqual([0, expect.stringContaining(`backup restore ${words}`)]);
    expect(sessionsOf(home)).toEqual(ids);
    expect([readFileSync(join(home, 'keys', 'one'), 'utf8'), lstatSync(join(home, 'coven.sqlite3')).nlink]).toEqual([
      key,
      1,
    ]);
    expect((await diagnose(home)).faults).toEqual(['daemon stopped warn']);
  },
);

test('a list of moves that is not ours is refused by its real path, and told by a diagnosis', async () => {
  await using scratch = await makeScratch();
  const { home, run } = makeCutOff(scratch, 0);
  writeFileSync(join(run, 'restore.json'), '[{"path":"../outside","kept":"a","staged":"b","was":null,"is":null}]\n');
  expect((await diagnose(home)).faults).toContain('home:repairs unfinished warn');
  const { stderr, exitCode } = await cli(['--home', home, '--fix', '--yes']);
  expect([exitCode, stderr]).toEqual([5, expect.stringContaining(`${run}/restore.json is no list of moves of ours`)]);
});
