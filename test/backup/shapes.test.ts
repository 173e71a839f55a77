import { spawnSync } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, expect, test, vi } from 'vitest';
import { backUp, covens, runFolders } from '../../fixtures/backup.ts';
import { cli } from '../../fixtures/diagnose.ts';
import { makeHome } from '../../fixtures/home.ts';
import { buildDriver, type Fault, runDriver } from '../../fixtures/repair/strace.ts';
import { makeScratch, type Scratch } from '../../fixtures/scratch.ts';
import { listBackups } from '../../src/backup/list.ts';
import { prepareRestore } from '../../src/backup/restore.ts';
import { replaceInHome } from '../../src/repair/engine/replace.ts';
import { listRuns } from '../../src/repair/engine/runs.ts';
import type { FixOutcome } from '../../src/repair/engine/transaction.ts';
import { undoRun } from '../../src/repair/engine/undo.ts';

vi.setConfig({ testTimeout: 900_000 });

const kinds = ['none', 'file', 'folder', 'closed', 'link', 'dangling'] as const;
type Kind = (typeof kinds)[number];

const isFolder = (kind: Kind): boolean => kind === 'folder' || kind === 'closed';

/** Every kind that a backup holds, and every other that may stand in its place since; beside keys and in it. */
const pairs = kinds.flatMap((was) =>
  kinds.flatMap((is) => (was !== is && !(isFolder(was) && isFolder(is)) ? [`${was}-${is}`, `keys/${was}-${is}`] : [])),
);

function make(at: string, kind: Kind, text: string): void {
  if (kind === 'file') writeFileSync(at, text, { mode: 0o600 });
  if (kind === 'link') symlinkSync(join(at.includes('/keys/') ? '..' : '.', 'elsewhere'), at);
  if (kind === 'dangling') symlinkSync('nowhere', at);
  if (kind !== 'folder' && kind !== 'closed') return;
  mkdirSync(join(at, 'deep', 'er'), { recursive: true, mode: 0o700 });
  for (const name of ['one', 'deep/two', 'deep/er/three']) writeFileSync(join(at, name), text, { mode: 0o640 });
  if (kind === 'closed') for (const name of ['deep', '.']) chmodSync(join(at, name), 0o500);
}

/** A home in which each of `pairs` changed from the one kind to the other after it was backed up. */
async function makeShapes({ path }: Scratch) {
  const home = makeHome(join(path, 'home'), { rows: [{ id: 'a', status: 'completed' }], events: 3, leaveWal: true });
  mkdirSync(join(home, 'keys'), { mode: 0o700 });
  mkdirSync(join(home, 'elsewhere'), { mode: 0o700 });
  for (const name of ['one', 'deep'])
    writeFileSync(join(home, 'elsewhere', name), 'not to be touched', { mode: 0o600 });
  for (const pair of pairs) make(join(home, pair), kindsOf(pair).was, 'of the backup');
  // A ledger of an agent's file system comes back with the folder that it is in.
  mkdirSync(join(home, 'afs', 'agent'), { recursive: true, mode: 0o700 });
  for (const part of ['', '-wal', '-shm'])
    cpSync(join(home, `coven.sqlite3${part}`), join(home, 'afs', 'agent', `a.db${part}`));
  const whole = listing(home);
  const { id } = await backUp(home);
  for (const pair of pairs) {
    rmSync(join(home, pair), { recursive: true, force: true });
    make(join(home, pair), kindsOf(pair).is, 'of later');
  }
  rmSync(join(home, 'afs'), { recursive: true });
  writeFileSync(join(home, 'afs'), 'a file now', { mode: 0o600 });
  return { home, id, whole };
}

function kindsOf(pair: string): { readonly was: Kind; readonly is: Kind } {
  const [was, is] = pair.replace('keys/', '').split('-') as [Kind, Kind];
  return { was, is };
}

/** Without times of folders, numbers of files, and the parts of ledgers, which a restore makes one of. */
const listing = (home: string): readonly string[] =>
  covens(home)
    .map((line) => line.replace(/^(.* 40\d{3} \S+ \d+ \d+) \d+ $/, '$1'))
    .filter((line) => !/^\S+(\.sqlite3|\.db|-wal|-shm) /.test(line))
    .filter((line) => !/^\.\/(keys\/)?none-/.test(line));

const kindOfLine = (line: string): string => line.replace(/^(\S+ \d+).*$/, '$1');

test('whatever changed places since, a restore puts back what was backed up, and keeps the rest', async () => {
  await using scratch = await makeScratch();
  const { home, id, whole } = await makeShapes(scratch);
  const { stdout, stderr, exitCode } = await cli([
    'backup',
    'restore',
    id,
    '--home',
    home,
    '--allow',
    'lossy',
    '--yes',
  ]);
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
  expect(stdout).toContain('Restored as run ');
  expect(listing(home).map(kindOfLine)).toEqual(whole.map(kindOfLine));
  const [run = ''] = runFolders(home).filter((run) => run !== id);
  const kept = readdirSync(join(home, 'doctor', 'runs', run, 'quarantine'));
  const replaced = pairs.filter((pair) => kindsOf(pair).was !== 'none' && kindsOf(pair).is !== 'none');
  // Each of them, the file in the place of afs, and the parts of the ledger.
  expect(kept.filter((name) => /^\d+-(afs|\w+-\w+)$/.test(name))).toHaveLength(replaced.length + 1);
  const ledgers = spawnSync(process.execPath, [
    '-e',
    `for (const path of process.argv.slice(1)) { const db = new (require('better-sqlite3'))(path, { readonly: true }); console.log(db.prepare('SELECT count(*) FROM events').pluck().get()); }`,
    join(home, 'coven.sqlite3'),
    join(home, 'afs', 'agent', 'a.db'),
  ]);
  expect(ledgers.stdout.toString()).toBe('3\n3\n');
  // Nothing is left to do, and what was never in the backup stays.
  expect(listing(home).filter((line) => line.includes('none-'))).toEqual([]);
  expect(readdirSync(join(home, 'keys')).filter((name) => name.startsWith('none-'))).toHaveLength(kinds.length - 1);
});

const strace = spawnSync('strace', ['-e', 'trace=none', 'true']).status === 0;
if (!strace) console.log('no restore of changed shapes that is killed or fails: strace is not there');
const driver = strace ? await buildDriver() : '';
afterAll(() => {
  if (strace) rmSync(dirname(driver), { recursive: true, force: true });
});

/** One of so many calls in every run of the suite; `npm run crash:backup` takes each. */
const stride = process.env.COVEN_DOCTOR_EVERY_CALL ? 1 : 43;

/** Prepares a restore once, without doing it; gives copies of what was staged, with the names of its items. */
async function prepareOnce(home: string, id: string, folder: string): Promise<() => string> {
  const backup = listBackups([join(home, 'doctor', 'runs')]).find((backup) => backup.id === id);
  if (backup?.state !== 'whole') throw new Error('there is no backup');
  const items: unknown[] = [];
  const never = new AbortController().signal;
  await replaceInHome({
    home,
    name: 'backup restore',
    prepare: (stage) =>
      prepareRestore(
        backup,
        {
          ...stage,
          entry: (path) => {
            items.push(['entry', path]);
            return stage.entry(path);
          },
          ledger: (path) => {
            items.push(['ledger', path]);
            return stage.ledger(path);
          },
        },
        never,
      ),
    agree: async (_prepared, run) => {
      expect(spawnSync('cp', ['-a', join(run, 'staged'), folder]).status).toBe(0);
      return false;
    },
    signal: never,
  });
  let copies = 0;
  return () => {
    copies += 1;
    const copy = `${folder}-${copies}`;
    expect(spawnSync('cp', ['-a', folder, copy]).status).toBe(0);
    writeFileSync(`${copy}.json`, JSON.stringify(items));
    return copy;
  };
}

const isCutOff = (home: string): boolean => listRuns(home).some(({ state }) => state === 'unfinished');

test.skipIf(!strace)(
  'killed or failing at a call, the home is as before, or becomes it',
  { timeout: 7_200_000 },
  async () => {
    await using scratch = await makeScratch();
    const { home, id } = await makeShapes(scratch);
    const staged = await prepareOnce(home, id, join(scratch.path, 'staged'));
    const before = listing(home);
    const log = join(scratch.path, 'log');
    const make = (fault?: Fault) => runDriver(driver, ['replace', home, staged()], home, log, fault);
    const recover = (fault?: Fault) => runDriver(driver, ['recover', home], home, log, fault);

    // Killed right before its end, all of it is taken back: how that goes is counted first.
    const { calls, result } = make();
    expect(result).toMatchObject({ exit: 0 });
    expect((await undoRun({ home, run: undefined, signal: new AbortController().signal })).outcome).toBe('undone');
    expect(listing(home)).toEqual(before);
    const begun = calls.slice(calls.findIndex(({ text }) => text.includes('begin')));
    const last = begun.findLast(({ text }) => text.includes('verified'));
    if (!last) throw new Error('nothing was verified');
    expect(make({ call: last, what: 'KILL' }).killed).toBe(true);
    const back = recover();
    expect(back.result).toMatchObject([{ fixes: [{ fix: 'backup restore', outcome: 'rolled-back' }] }]);
    expect(listing(home)).toEqual(before);

    const counts = { killed: 0, failed: 0, full: 0, recoveries: 0, complete: 0 };
    for (const [index, call] of begun.entries()) {
      if (index % stride !== 0) continue;
      for (const what of ['KILL', 'ENOSPC', 'EIO'] as const) {
        const ran = make({ call, what, forever: what === 'ENOSPC' });
        counts[what === 'KILL' ? 'killed' : what === 'EIO' ? 'failed' : 'full'] += 1;
        const { outcome } = (ran.result ?? { outcome: null }) as { outcome: FixOutcome | null };
        if (what !== 'KILL' && !isCutOff(home) && outcome?.outcome !== 'fixed')
          expect([call, what, listing(home)]).toEqual([call, what, before]);
        // What takes it back may be killed as well.
        const at = back.calls[(index * 7) % back.calls.length];
        if (isCutOff(home) && at) {
          recover({ call: at, what: 'KILL' });
          counts.recoveries += 1;
        }
        const { result } = recover();
        expect([call, what, result]).toEqual([call, what, expect.any(Array)]);
        expect(isCutOff(home)).toBe(false);
        // The last records may be the ones that were hit: then it was complete, or an undo takes it back.
        if (listRuns(home)[0]?.state === 'committed') {
          counts.complete += 1;
          await undoRun({ home, run: undefined, signal: new AbortController().signal });
        }
        expect([call, what, ran.result, listing(home)]).toEqual([call, what, ran.result, before]);
      }
    }
    console.log(
      `restores of ${pairs.length} changed shapes at ${begun.length} calls: ${JSON.stringify(counts)}; not as before: 0`,
    );
  },
);
