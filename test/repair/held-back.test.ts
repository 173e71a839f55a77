import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { runFolders } from '../../fixtures/backup.ts';
import { cli } from '../../fixtures/diagnose.ts';
import { ledgerFaults } from '../../fixtures/faults/ledger.ts';
import { makeHome } from '../../fixtures/home.ts';
import { makeScratch, type Scratch } from '../../fixtures/scratch.ts';

const isRoot = process.geteuid?.() === 0;
const nobody = 65_534;
if (!isRoot) console.log('repairs by another user than root: as this user');
const as = isRoot ? { uid: nobody } : {};

/** A home with something to fix: its own user's, whom the doctor runs as. */
function makeOwned(scratch: Scratch, prepare: (home: string) => void): string {
  const home = makeHome(join(scratch.path, 'home'), { rows: [{ id: 'a', status: 'completed' }], events: 5 });
  mkdirSync(join(home, 'keys'), { mode: 0o700 });
  for (const name of ['one', 'two', 'three']) writeFileSync(join(home, 'keys', name), name, { mode: 0o600 });
  if (isRoot) {
    chmodSync(scratch.path, 0o755);
    spawnSync('chown', ['-hR', `${nobody}:${nobody}`, home]);
  }
  prepare(home);
  return home;
}

const modeOf = (path: string): string => (lstatSync(path).mode & 0o7777).toString(8);
const fixJson = async (home: string, ...words: readonly string[]) => {
  const { stdout, stderr, exitCode } = await cli(['--fix', '--yes', '--json', '--home', home, ...words], as);
  expect(stderr).toBe('');
  return { exitCode, ...JSON.parse(stdout) };
};

describe('by a user who is not root', () => {
  test.each([0o500, 0o400 | 0o100, 0o555])('a home of mode %o is fixed by its own user, and undone', async (mode) => {
    await using scratch = await makeScratch();
    const home = makeOwned(scratch, (home) => chmodSync(home, mode));
    const { exitCode, fixes } = await fixJson(home);
    expect([exitCode, fixes.map(({ outcome }: { outcome: string }) => outcome)]).toEqual([0, fixes.map(() => 'fixed')]);
    expect(modeOf(home)).toBe('700');
    expect((await cli(['undo', '--home', home], as)).exitCode).toBe(0);
    expect(modeOf(home)).toBe(mode.toString(8));
    expect((await cli(['runs', '--home', home], as)).exitCode).toBe(0);
    expect((await fixJson(home)).exitCode).toBe(0);
  });

  test('a home that hands down its setgid bit is repaired again and again', async () => {
    await using scratch = await makeScratch();
    const home = makeOwned(scratch, (home) => chmodSync(home, 0o2755));
    expect((await fixJson(home)).exitCode).toBe(0);
    for (const text of ['{"pid":', '{']) {
      writeFileSync(join(home, 'daemon.json'), text, { mode: 0o600 });
      if (isRoot) chownSync(join(home, 'daemon.json'), nobody, nobody);
      chmodSync(home, 0o2700);
      const { exitCode, fixes } = await fixJson(home);
      expect([exitCode, fixes[0]?.outcome]).toEqual([0, 'fixed']);
    }
    const { stdout } = await cli(['--json', '--home', home], as);
    expect(stdout).not.toContain('not-private');
  });

  test('what cannot be read, or be named, is told, and keeps nothing else from being fixed', async () => {
    await using scratch = await makeScratch();
    const home = makeOwned(scratch, (home) => {
      writeFileSync(join(home, 'secret'), 'x', { mode: 0o200 });
      mkdirSync(join(home, 'hidden'), { mode: 0o300 });
      writeFileSync(Buffer.concat([Buffer.from(`${home}/caf`), Buffer.from([0xe9])]), '');
      if (isRoot) for (const name of ['secret', 'hidden']) chownSync(join(home, name), nobody, nobody);
      chmodSync(join(home, 'keys', 'one'), 0o644);
      chmodSync(join(home, 'keys', 'two'), 0o244);
    });
    const made = await cli(['backup', 'create', '--home', home, '--json'], as);
    const { unheld } = JSON.parse(made.stdout);
    expect([made.exitCode, unheld]).toEqual([
      3,
      [
        { path: 'caf\ufffd', why: 'its name is not UTF-8' },
        { path: 'hidden', why: 'EACCES' },
        { path: 'keys/two', why: 'EACCES' },
        { path: 'secret', why: 'EACCES' },
      ],
    ]);
    const words = await cli(['backup', 'create', '--home', home], as);
    expect(words.stdout).toContain('Not in it, since it could not be read or named (4):\n');
    expect((await cli(['backup', 'verify', '--home', home], as)).exitCode).toBe(0);
    const told = await fixJson(home);
    const [entry] = told.fixes;
    expect([told.exitCode, entry]).toMatchObject([
      5,
      { fix: 'home:mode entry-open', outcome: 'refused', reason: 'not-backed-up' },
    ]);
    chmodSync(join(home, 'keys', 'two'), 0o600);
    expect((await fixJson(home)).exitCode).toBe(0);
    expect(modeOf(join(home, 'keys', 'one'))).toBe('600');
  });

  test('a ledger that cannot be read keeps a mode from nothing, and a daemon from a start', async () => {
    await using scratch = await makeScratch();
    const home = makeOwned(scratch, (home) => {
      chmodSync(join(home, 'coven.sqlite3'), 0);
      chmodSync(join(home, 'keys', 'one'), 0o644);
    });
    const { fixes } = await fixJson(home);
    expect(fixes).toMatchObject([{ fix: 'home:mode entry-open', outcome: 'fixed' }]);
    const made = JSON.parse((await cli(['backup', 'create', '--home', home, '--json'], as)).stdout);
    expect(made).toMatchObject({ sound: false, unheld: [{ path: 'coven.sqlite3', why: 'EACCES' }] });
  });
});

test('a key with a second name stays as it is, and every other one is closed', async () => {
  await using scratch = await makeScratch();
  const home = makeOwned(scratch, (home) => {
    for (const name of ['one', 'two', 'three']) chmodSync(join(home, 'keys', name), 0o644);
    linkSync(join(home, 'keys', 'two'), join(scratch.path, 'elsewhere'));
  });
  const { exitCode, fixes, plan } = await fixJson(home);
  expect([exitCode, fixes]).toEqual([0, [{ fix: 'home:mode entry-open', outcome: 'fixed' }]]);
  expect(['one', 'two', 'three'].map((name) => modeOf(join(home, 'keys', name)))).toEqual(['600', '644', '600']);
  expect(plan.refused).toEqual([expect.objectContaining({ finding: 'home:mode entry-open', reason: 'linked' })]);
  expect(plan.refused[0].message).toContain('keys/‹word:3› has 2 names');
});

test('a run that is refused for its backup leaves no folder', async () => {
  await using scratch = await makeScratch();
  const home = makeOwned(scratch, (home) => chmodSync(join(home, 'keys', 'one'), 0o644));
  const outside = join(scratch.path, 'shut');
  mkdirSync(outside, { mode: 0o777 });
  const { exitCode, fixes } = await fixJson(home, '--backup-dir', join(scratch.path, 'none'));
  expect([exitCode, fixes[0]]).toMatchObject([5, { outcome: 'refused', reason: 'backup' }]);
  expect(runFolders(home)).toEqual([]);
});

test.skipIf(!isRoot)('one fix makes no drift of the next: an owner, then an index; undo takes both back', async () => {
  await using scratch = await makeScratch();
  const fault = ledgerFaults.find(({ name }) => name === 'search-index-lacks-events');
  const home = join(scratch.path, 'home');
  await fault?.stage({ home, beside: scratch.path, onEnd: scratch.onEnd });
  const ledger = join(home, 'coven.sqlite3');
  chownSync(ledger, nobody, nobody);
  const before = lstatSync(ledger);
  const run = async (...words: readonly string[]) =>
    JSON.parse((await cli([...words, '--json', '--home', home])).stdout);
  const { fixes, checks, plan } = await run('--fix', '--yes');
  expect(fixes.map(({ fix, outcome }: Record<string, string>) => `${fix} ${outcome}`)).toEqual([
    'home:owner foreign-entries fixed',
    'store:index search-index fixed',
  ]);
  expect(plan.steps).toHaveLength(2);
  const isWrong = ({ id = '', status }: Record<string, string>): boolean =>
    /^(home|store):/.test(id) && (status === 'fail' || status === 'warn');
  expect(checks.filter(isWrong)).toEqual([]);
  expect(lstatSync(ledger).uid).toBe(0);
  expect((await run('undo')).outcome).toBe('undone');
  expect([lstatSync(ledger).uid, lstatSync(ledger).ino]).toEqual([nobody, before.ino]);
});

test('--json says what was recovered, and why nothing could be', async () => {
  await using scratch = await makeScratch();
  const home = makeOwned(scratch, (home) => chmodSync(join(home, 'keys', 'one'), 0o644));
  const first = await fixJson(home);
  expect(first.recovered).toEqual([]);
  const journal = join(home, 'doctor', 'runs', first.runId, 'journal.jsonl');
  const lines = readFileSync(journal, 'utf8').trim().split('\n');
  const cut = (): void =>
    writeFileSync(journal, `${lines.filter((line) => !/"record":"(verified|commit)"/.test(line)).join('\n')}\n`);
  cut();
  const recovered = await fixJson(home);
  expect(recovered.recovered).toEqual([
    {
      run: first.runId,
      fixes: [expect.objectContaining({ fix: 'home:mode entry-open', outcome: 'rolled-back', reason: 'interrupted' })],
    },
  ]);
  cut();
  renameSync(join(home, 'daemon.lock'), join(home, 'daemon.lock.was'));
  mkdirSync(join(home, 'daemon.lock'));
  if (isRoot) chownSync(join(home, 'daemon.lock'), nobody, nobody);
  const { stdout, exitCode } = await cli(['--fix', '--yes', '--json', '--home', home], as);
  const refused = JSON.parse(stdout);
  expect([exitCode, refused.recovered, refused.recoveryRefused]).toEqual([
    5,
    [],
    { reason: 'lock-invalid', message: expect.stringContaining('daemon.lock') },
  ]);
  expect(statSync(join(home, 'keys', 'one')).mode & 0o777).toBe(0o600);
  expect(readdirSync(join(home, 'doctor', 'runs')).length).toBe(2);
});

describe("doctor/ that cannot be examined is nobody else's, and holds the backups", () => {
  /** What is said of it, through other eyes. */
  async function said(scratch: Scratch, through: (home: string) => readonly string[], uid?: number): Promise<void> {
    const home = makeOwned(scratch, (home) => chmodSync(join(home, 'keys', 'one'), 0o644));
    expect((await fixJson(home)).exitCode).toBe(0);
    const how = { through: through(home), ...(uid !== undefined && { uid }) };
    const { stdout } = await cli(['--verbose', '--home', home], how);
    expect(stdout.replaceAll('\n     ', ' ')).toMatch(
      /\[\?\?\] Whether a repair was cut off could not be determined: .* home:repairs undetermined/,
    );
    expect(stdout).not.toMatch(/move it|move .*doctor/);
  }

  test.skipIf(!isRoot)('by root, over the home of another user', async () => {
    await using scratch = await makeScratch();
    await said(scratch, () => []);
  });

  const mounts = spawnSync('unshare', ['-m', 'true']).status === 0;
  if (!mounts) console.log('no test without /proc: this user may not mount');
  test.skipIf(!mounts || !isRoot)('without /proc', async () => {
    await using scratch = await makeScratch();
    const hide = `mount -t tmpfs none /proc && exec setpriv --reuid ${nobody} --regid ${nobody} --clear-groups "$@"`;
    await said(scratch, () => ['unshare', '-m', 'sh', '-c', hide, 'sh']);
  });
});
