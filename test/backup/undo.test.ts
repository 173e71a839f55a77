import { mkdirSync, readdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { backUp, backupsOf, covens } from '../../fixtures/backup.ts';
import { cli, diagnose } from '../../fixtures/diagnose.ts';
import { makeHome, overwrite } from '../../fixtures/home.ts';
import { insert, seen, write } from '../../fixtures/repair/replaced.ts';
import { makeScratch, type Scratch } from '../../fixtures/scratch.ts';
import { prepareRestore } from '../../src/backup/restore.ts';
import { openRepairContext } from '../../src/repair/engine/repair-context.ts';
import { replaceInHome } from '../../src/repair/engine/replace.ts';
import { listRuns } from '../../src/repair/engine/runs.ts';

// Each restore proves a backup, with several processes of its own.
vi.setConfig({ testTimeout: 900_000 });

/** A home that changed in many ways after it was backed up; the backup's id. */
async function makeChanged({ path }: Scratch) {
  const home = makeHome(join(path, 'home'), { rows: [{ id: 'a', status: 'completed' }], events: 5, leaveWal: true });
  mkdirSync(join(home, 'keys'), { mode: 0o700 });
  for (const name of ['one', 'two', 'gone']) writeFileSync(join(home, 'keys', name), name, { mode: 0o600 });
  symlinkSync('keys', join(home, 'link'));
  const { id } = await backUp(home);
  writeFileSync(join(home, 'keys', 'one'), 'of later', { mode: 0o600 });
  rmSync(join(home, 'keys', 'gone'));
  rmSync(join(home, 'link'));
  mkdirSync(join(home, 'link', 'deep'), { recursive: true, mode: 0o700 });
  writeFileSync(join(home, 'link', 'deep', 'inside'), 'kept', { mode: 0o600 });
  write(home, insert('later'));
  return { home, id };
}

/** Without the times of folders, which every rename in them changes. */
const untimed = (home: string): readonly string[] =>
  covens(home).map((line) => line.replace(/^(.* 40\d{3} \S+ \d+ \d+) \d+ $/, '$1'));

const restore = (home: string, id: string) =>
  cli(['backup', 'restore', id, '--home', home, '--allow', 'lossy', '--yes', '--json']);

test('a restore is a run: `runs` names it, `undo` takes it back, and an undo of that puts the backup back again', async () => {
  await using scratch = await makeScratch();
  const { home, id } = await makeChanged(scratch);
  const before = untimed(home);
  const done = await restore(home, id);
  expect(done.exitCode).toBe(0);
  const { run } = JSON.parse(done.stdout);
  const after = untimed(home);
  expect(seen(home).filter((row) => row.startsWith('sessions'))).toEqual(['sessions a']);
  expect((await cli(['runs', '--home', home])).stdout).toBe(`${run}  backup restore\n${id}  changed nothing\n`);
  // What was staged and proven for it is gone; what stood there is kept.
  const folder = join(home, 'doctor', 'runs', run);
  expect(readdirSync(folder).toSorted()).toEqual(['journal.jsonl', 'plan.json', 'quarantine']);

  const undone = await cli(['undo', '--home', home, '--json']);
  expect([undone.exitCode, JSON.parse(undone.stdout)]).toMatchObject([0, { undoes: run, outcome: 'undone' }]);
  expect(untimed(home)).toEqual(before);
  expect(seen(home).filter((row) => row.startsWith('sessions'))).toEqual(['sessions a', 'sessions later']);
  expect((await diagnose(home)).faults).toEqual(['daemon stopped warn']);

  const { runId } = JSON.parse(undone.stdout);
  expect((await cli(['undo', runId, '--home', home])).exitCode).toBe(0);
  expect(untimed(home)).toEqual(after);
  expect((await cli(['undo', run, '--home', home])).exitCode).toBe(0);
  expect(untimed(home)).toEqual(before);
});

test('an undo of a restore is refused when the ledger was written to since, and names what would be lost', async () => {
  await using scratch = await makeScratch();
  const { home, id } = await makeChanged(scratch);
  await restore(home, id);
  write(home, insert('since'));
  // Reading a ledger that is in WAL mode changes its shared memory alone.
  const written = (): readonly string[] => untimed(home).filter((line) => !line.includes('-shm '));
  const before = written();
  const { exitCode, stdout } = await cli(['undo', '--home', home, '--json']);
  expect(exitCode).toBe(5);
  expect(JSON.parse(stdout)).toMatchObject({ outcome: 'refused', lost: { newSessions: ['since'], events: 0 } });
  expect(written()).toEqual(before);
});

test('a damaged ledger that a restore replaced comes back as it was', async () => {
  await using scratch = await makeScratch();
  const { home, id } = await makeChanged(scratch);
  overwrite(join(home, 'coven.sqlite3'), 0, 100);
  overwrite(join(home, 'coven.sqlite3-wal'), 40, 1000, 1);
  const before = untimed(home);
  expect((await restore(home, id)).exitCode).toBe(0);
  expect((await diagnose(home)).faults).toEqual(['daemon stopped warn']);
  expect((await cli(['undo', '--home', home])).exitCode).toBe(0);
  expect(untimed(home)).toEqual(before);
});

test.each<[string, (home: string) => void]>([
  ['gone', (home) => rmSync(join(home, 'coven.sqlite3'))],
  [
    'a folder',
    (home) => {
      rmSync(join(home, 'coven.sqlite3'));
      mkdirSync(join(home, 'coven.sqlite3'), { mode: 0o700 });
    },
  ],
  ['a symlink', (home) => renameSync(join(home, 'coven.sqlite3'), join(home, 'elsewhere'))],
])('a ledger is restored where its main file is %s, and that comes back', async (_what, spoil) => {
  await using scratch = await makeScratch();
  const { home, id } = await makeChanged(scratch);
  spoil(home);
  if (readdirSync(home).includes('elsewhere')) symlinkSync('elsewhere', join(home, 'coven.sqlite3'));
  const before = untimed(home);
  const done = await restore(home, id);
  expect([done.exitCode, done.stderr]).toEqual([0, '']);
  expect(seen(home).filter((row) => row.startsWith('sessions'))).toEqual(['sessions a']);
  expect((await cli(['undo', '--home', home])).exitCode).toBe(0);
  expect(untimed(home)).toEqual(before);
});

test('what changes its shape, or is written to, while a restore is prepared refuses it whole, before anything is moved', async () => {
  await using scratch = await makeScratch();
  const { home, id } = await makeChanged(scratch);
  const [backup] = backupsOf(home);
  if (backup?.state !== 'whole') throw new Error('there is no backup');
  const never = new AbortController().signal;
  const changes: Readonly<Record<string, () => void>> = {
    'a folder above becomes a file': () => {
      renameSync(join(home, 'keys'), join(home, 'old'));
      writeFileSync(join(home, 'keys'), 'a file', { mode: 0o600 });
    },
    'the ledger gets a session': () => write(home, insert('meanwhile')),
  };
  for (const change of Object.values(changes)) {
    let changed: readonly string[] = [];
    const { outcome, exit } = await replaceInHome({
      home,
      name: 'backup restore',
      prepare: (stage) => prepareRestore(backup, stage, never),
      agree: async () => {
        change();
        changed = untimed(home);
        return true;
      },
      signal: never,
    });
    expect([exit, outcome]).toMatchObject([5, { outcome: 'refused', reason: { code: 'drift' } }]);
    expect(untimed(home)).toEqual(changed);
  }
  expect(listRuns(home).map(({ state }) => state)).toEqual(['aborted', 'aborted', 'empty']);
  expect(id).toBe(backup.id);
});

test('a second doctor is refused, and an id sorts behind those of a clock that was set back', async () => {
  await using scratch = await makeScratch();
  const { home, id } = await makeChanged(scratch);
  const repair = await openRepairContext(home);
  try {
    for (const words of [['create'], ['restore', id, '--allow', 'lossy', '--yes'], ['verify']]) {
      const { exitCode, stderr } = await cli(['backup', ...words, '--home', home]);
      expect([exitCode, stderr]).toEqual([5, expect.stringContaining('another coven-doctor works on this home')]);
    }
  } finally {
    repair.close();
  }
  const later = join(home, 'doctor', 'runs', '20991231T235900Z-abcdef');
  mkdirSync(later, { mode: 0o700 });
  expect(JSON.parse((await restore(home, id)).stdout).run).toMatch(/^20991231T235901Z-/);
  expect(JSON.parse((await cli(['backup', 'create', '--home', home, '--json'])).stdout).id).toMatch(
    /^20991231T235902Z-/,
  );
});
