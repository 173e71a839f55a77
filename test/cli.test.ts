import { once } from 'node:events';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { watch } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { describe, expect, test } from 'vitest';
import { checks } from '../checks/index.ts';
import { upgradeChecks } from '../checks/upgrades.ts';
import { cli, diagnose } from '../fixtures/diagnose.ts';
import { startDouble } from '../fixtures/double.ts';
import { makeHome } from '../fixtures/home.ts';
import { makeScratch, type Scratch } from '../fixtures/scratch.ts';
import { canBeSlowed, endlessly } from '../fixtures/slowed.ts';
import { snapshot } from '../fixtures/snapshot.ts';

const dist = (name: string): string => fileURLToPath(new URL(`../dist/${name}`, import.meta.url));

describe('bad input is one line, exit 2, and nothing changed', () => {
  test.each([
    [['--only', 'nope'], 'unknown check "nope"'],
    [['--skip', 'home:nope'], 'unknown check "home:nope"'],
    [['--bogus'], 'unknown option --bogus'],
    [['bogus'], 'unknown command "bogus"; `coven-doctor help` lists the commands'],
    [['fix'], 'unknown command "fix"; did you mean "--fix"?'],
    [['lsit'], 'unknown command "lsit"; did you mean "list"?'],
    [['backup', 'crate'], 'unknown command "backup crate"; did you mean "create"?'],
    [['backup'], 'backup needs a command: create, list, verify, restore'],
    [['--jsno'], 'unknown option --jsno; did you mean "--json"?'],
    [['explain'], 'explain needs CHECK: coven-doctor explain CHECK [options]'],
    [['list', 'more'], 'unexpected argument "more": coven-doctor list [options]'],
    [['--only', 'store:opne'], 'unknown check "store:opne"; did you mean "store:open"?'],
    [['explain', 'deamon'], 'unknown check "deamon"; did you mean "daemon"?'],
    [
      ['simulate', 'ledger-mising', '--home', '/nowhere/x'],
      'unknown fault "ledger-mising"; did you mean "ledger-missing"?',
    ],
    [['plan', '--allow', 'all'], '--allow takes one of disruptive, lossy; not "all"'],
    [['postflight'], 'postflight needs --against FILE'],
    [['--home'], '--home needs DIR'],
    [['--home', ''], '--home is empty'],
    [['--timeout', 'soon'], '--timeout takes one number'],
    [['--timeout', '0'], '--timeout takes one number'],
    [['--fail-on', 'never'], '--fail-on takes one of fail, warn; not "never"'],
    [['explain', 'nope'], 'unknown check "nope"'],
    [['--skip', 'home,daemon,store,sessions,install,harness'], 'leave no check to run'],
  ])('%j', async (args, line) => {
    await using scratch = await makeScratch();
    const home = makeHome(join(scratch.path, 'home'));
    const before = snapshot(home);
    const { exitCode, stdout, stderr } = await cli(args, { env: { COVEN_HOME: home } });
    expect([exitCode, stdout]).toEqual([2, '']);
    expect(stderr).toContain(line);
    expect(stderr.trimEnd().split('\n')).toHaveLength(1);
    expect(snapshot(home)).toEqual(before);
  });
});

test('`coven doctor X` and `coven-doctor X` say the same', async () => {
  const words = ['list'];
  const [a, b] = await Promise.all([
    execa(process.execPath, [dist('coven.js'), 'doctor', ...words]),
    execa(process.execPath, [dist('coven-doctor.js'), ...words]),
  ]);
  expect(a.stdout).toBe(b.stdout);
  expect(a.stdout.split('\n').map((line) => line.split(' ')[0])).toEqual(
    [...checks, ...upgradeChecks].map(({ id }) => id),
  );
});

test('a check that is asked for alone is asked alone', async () => {
  await using scratch = await makeScratch();
  const home = makeHome(join(scratch.path, 'home'));
  expect((await diagnose(home, { args: ['--only', 'home:mode,store:open'] })).all).toEqual([
    'home:mode ok pass',
    'store:open ok pass',
  ]);
  expect((await diagnose(home, { args: ['--only', 'home', '--skip', 'home:disk'] })).all).toEqual([
    'home:path ok pass',
    'home:owner ok pass',
    'home:mode ok pass',
    'home:filesystem ok pass',
    'home:config ok pass',
    'home:reset ok pass',
    'home:repairs ok pass',
    'home:access ok pass',
    'home:locks ok pass',
  ]);
});

test('--fail-on warn makes a warning an exit code', async () => {
  await using scratch = await makeScratch();
  const home = makeHome(join(scratch.path, 'home'));
  expect((await diagnose(home)).exitCode).toBe(0);
  expect((await diagnose(home, { args: ['--fail-on', 'warn'] })).exitCode).toBe(1);
});

test('explain shows the chain from what was seen to the finding', async () => {
  await using scratch = await makeScratch();
  const home = makeHome(join(scratch.path, 'home'));
  const { stdout, exitCode } = await cli(['explain', 'daemon', '--home', home]);
  expect(exitCode).toBe(0);
  expect(stdout).toContain('warn stopped: the daemon is not running');
  expect(stdout).toContain('because home.locks serveLockHolder is none');
  expect(stdout).toContain('The other checks were run, too');
  // What needs none of them looks at its own observations alone.
  const alone = await cli(['explain', 'store:wal', '--home', home]);
  expect(alone.stdout).toContain('pass ok: the WAL holds nothing');
  expect(alone.stdout).not.toContain('other checks');
});

describe('text', () => {
  test('without a terminal has no escapes, worst first, and every check with --verbose', async () => {
    await using scratch = await makeScratch();
    const home = makeHome(join(scratch.path, 'home'), { rows: [{ id: 'a', status: 'running' }] });
    const { stdout } = await cli(['--home', home, '--verbose']);
    expect(stdout.match(/^\[(OK|--|!!|\?\?| {2})\] \S/gm)).toHaveLength(checks.length);
    expect(stdout).not.toContain('\u001b');
  });

  test.each([
    ['on a terminal has colour', {}, true],
    ['on a terminal under NO_COLOR has none', { NO_COLOR: '1' }, false],
  ])('%s', async (_, env, colored) => {
    await using scratch = await makeScratch();
    const home = makeHome(join(scratch.path, 'home'));
    const command = `'${process.execPath}' '${dist('coven-doctor.js')}' --home '${home}'`;
    const { stdout } = await execa('script', ['-qec', command, '/dev/null'], {
      env: { PATH: process.env.PATH, TERM: 'xterm', SHELL: '/bin/sh', ...env },
      extendEnv: false,
      stdin: 'ignore',
    });
    expect(stdout).toContain('not running');
    expect(stdout.includes('\u001b[33m[--]')).toBe(colored);
  });
});

if (!canBeSlowed) console.log('no run is ended while it reads: strace is not installed, or may not trace here');

describe.each([
  ['SIGHUP', 129],
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const)('%s ends a run with %i, and nothing is left behind', (signal, code) => {
  /** Starts a diagnosis whose temporary folder is its own. */
  const start = (scratch: Scratch, home: string, through: readonly string[] = []) => {
    const temporary = join(scratch.path, 'tmp');
    mkdirSync(temporary);
    const [file = '', ...words] = [...through, process.execPath, dist('coven-doctor.js'), '--home', home];
    const run = execa(file, words, {
      env: { TMPDIR: temporary },
      reject: false,
      stdin: 'ignore',
    });
    return { run, temporary };
  };

  test('while it waits for a silent daemon', async () => {
    await using scratch = await makeScratch();
    const home = makeHome(join(scratch.path, 'home'));
    const { stdout } = await startDouble(scratch, home, { answer: 'silent' });
    const { run, temporary } = start(scratch, home);
    await once(stdout ?? expect.fail('the double says nothing'), 'data');
    run.kill(signal);
    expect((await run).exitCode).toBe(code);
    expect(readdirSync(temporary)).toEqual([]);
  });

  test.skipIf(!canBeSlowed)('while it has a folder of its own for the ledger', async () => {
    await using scratch = await makeScratch();
    const home = makeHome(join(scratch.path, 'home'));
    // Each page of the ledger takes its time, so that the folder is still there when the signal comes.
    const { run, temporary } = start(scratch, home, endlessly('pread64'));
    for await (const { filename } of watch(temporary)) if (filename?.startsWith('.coven-doctor-')) break;
    run.kill(signal);
    expect((await run).exitCode).toBe(code);
    expect(readdirSync(temporary)).toEqual([]);
  });
});

test('the published schema is valid and in the package', () => {
  const { files } = JSON.parse(readFileSync(fileURLToPath(new URL('../package.json', import.meta.url)), 'utf8'));
  expect(files).toContain('src/render/report.schema.json');
});

test.each([['--json'], ['backup', 'list'], ['list'], ['--fix', '--yes']])(
  'what cannot be written to stdout is exit 2 with the reason, and nothing is done: %s',
  async (...words) => {
    await using scratch = await makeScratch();
    const home = makeHome(join(scratch.path, 'home'));
    writeFileSync(join(home, 'daemon.json'), '{"pid":', { mode: 0o600 });
    const before = snapshot(home);
    const to = { through: ['sh', '-c', 'exec "$0" "$@" > /dev/full'] };
    const { exitCode, stderr } = await cli([...words, '--home', home], to);
    expect([exitCode, stderr]).toEqual([2, 'coven-doctor: stdout cannot be written (ENOSPC)\n']);
    expect(snapshot(home)).toEqual(before);
  },
);
