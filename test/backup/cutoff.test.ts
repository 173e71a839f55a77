import { spawnSync } from 'node:child_process';
import { lstatSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { backUp, covens } from '../../fixtures/backup.ts';
import { cli, diagnose } from '../../fixtures/diagnose.ts';
import { makeHome } from '../../fixtures/home.ts';
import { type Call, insert, run, seen, sinceBegin, write } from '../../fixtures/repair/replaced.ts';
import { makeScratch, type Scratch } from '../../fixtures/scratch.ts';

// Each restore proves a backup, with several processes of its own.
vi.setConfig({ testTimeout: 900_000 });

const strace = spawnSync('strace', ['-e', 'trace=none', 'true']).status === 0;
if (!strace) console.log('no restore that is cut off: strace is not there');

const agreed = ['--allow', 'lossy', '--yes'] as const;

/** A home whose ledger has a session in its WAL alone, and a key that is another than in its backup; the restore's words. */
async function makeChanged({ path }: Scratch, name: string) {
  const home = makeHome(join(path, name), { rows: [{ id: 'a', status: 'completed' }], events: 2, leaveWal: true });
  mkdirSync(join(home, 'keys'), { mode: 0o700 });
  writeFileSync(join(home, 'keys', 'one'), 'of the backup', { mode: 0o600 });
  const { id } = await backUp(home);
  writeFileSync(join(home, 'keys', 'one'), 'of later', { mode: 0o600 });
  write(home, insert('later'));
  return { home, words: ['backup', 'restore', id, '--home', home, ...agreed] };
}

/**
 * One that was killed when so many moves were made: a key comes, then the settled ledger, the WAL and its index go, and
 * the ledger of the backup comes.
 */
async function makeCutOff(scratch: Scratch, count: number) {
  const log = join(scratch.path, 'log');
  counted ??= await countCalls(scratch, log);
  const { home, words } = await makeChanged(scratch, 'home');
  const before = untimed(home);
  run(words, log, counted[count]);
  return { home, before };
}

let counted: readonly Call[] | null = null;

/** The last call of each move, and the one that says that all of them were made: a kill comes before it. */
async function countCalls(scratch: Scratch, log: string): Promise<readonly Call[]> {
  const counted = await makeChanged(scratch, 'counted');
  const made = sinceBegin(run(counted.words, log)).filter(({ line }) => !line.includes('/doctor/'));
  // Two files change places by a link and a rename.
  const moves = made.filter(({ name, line }) => name.startsWith('rename') && /"\/proc\/self\/fd/.test(line));
  expect(
    moves.map(({ line }) => line.replace(/^.*"\S*?\/fd\/\d+\/(\S+)", "\S*?\/fd\/\d+\/(\S+)".*$/, '$1 $2')),
  ).toEqual([
    '2 one',
    '1-settled.sqlite3 coven.sqlite3',
    'coven.sqlite3-wal 2-coven.sqlite3-wal',
    'coven.sqlite3-shm 2-coven.sqlite3-shm',
    '1-coven.sqlite3 coven.sqlite3',
  ]);
  return [...moves, ...made.filter(({ line }) => line.includes('\\"verified\\"'))];
}

const key = (home: string): string => readFileSync(join(home, 'keys', 'one'), 'utf8');
/** Without the times of folders, which every rename in them changes. */
const untimed = (home: string): readonly string[] =>
  covens(home).map((line) => line.replace(/^(.* 40\d{3} \S+ \d+ \d+) \d+ $/, '$1'));
const sessionsOf = (home: string): readonly string[] =>
  seen(home).flatMap((row) => (row.startsWith('sessions ') ? row.replace('sessions ', '') : []));

test.skipIf(!strace)('a restore that was cut off is told, and taken back before a repair begins', async () => {
  await using scratch = await makeScratch();
  const { home, before } = await makeCutOff(scratch, 3);
  expect((await diagnose(home)).faults).toEqual([
    'home:repairs unfinished warn',
    'daemon stopped warn',
    'store:wal cut fail',
  ]);
  expect((await cli(['runs', '--home', home])).stdout).toContain('backup restore, CUT OFF');
  const { stdout, exitCode } = await cli(['--home', home, '--fix', '--yes']);
  expect([exitCode, stdout.includes('backup restore was taken back')]).toEqual([0, true]);
  expect(untimed(home)).toEqual(before);
  expect((await diagnose(home)).faults).toEqual(['daemon stopped warn']);
});

test.skipIf(!strace).each([
  [0, ['a', 'later'], 'of later', 'was taken back'],
  [1, ['a', 'later'], 'of later', 'is left as it is'],
  [2, ['a', 'later'], 'of later', 'is left as it is'],
  [3, ['a', 'later'], 'of later', 'is left as it is'],
  [4, ['a', 'later'], 'of later', 'is left as it is'],
  [5, ['a'], 'of the backup', 'was complete'],
])(
  'cut off after %i moves and written to by Coven, every session of the one ledger or the other stays in view',
  async (count, ids, content, words) => {
    await using scratch = await makeScratch();
    const { home } = await makeCutOff(scratch, count);
    expect(sessionsOf(home)).toEqual(ids);
    write(home, insert('since'));
    const expected = [...ids, 'since'].sort();
    const { stdout, exitCode } = await cli(['--home', home, '--fix', '--yes']);
    expect([exitCode, stdout]).toEqual([0, expect.stringContaining(`backup restore ${words}`)]);
    expect(sessionsOf(home)).toEqual(expected);
    expect(lstatSync(join(home, 'coven.sqlite3')).nlink).toBe(1);
    expect(key(home)).toBe(content);
    expect((await diagnose(home)).faults).toEqual(['daemon stopped warn']);
    const again = await cli(['--home', home, '--fix', '--yes']);
    expect([again.exitCode, again.stdout.includes('cut off')]).toEqual([0, false]);
  },
);
