import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { pathToFileURL } from 'node:url';
import { execa } from 'execa';
import { describe, expect, test } from 'vitest';
import { cli, program } from '../fixtures/diagnose.ts';
import { makeHome } from '../fixtures/home.ts';
import { makeScratch, type Scratch } from '../fixtures/scratch.ts';
import { snapshot } from '../fixtures/snapshot.ts';

const makeLedgerHome = (scratch: Scratch): string =>
  makeHome(join(scratch.path, 'home'), { rows: [{ id: 'a', status: 'completed' }], events: 20 });

interface Ended {
  readonly exitCode?: number | undefined;
  readonly signal?: string | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

/** What its reader learns: a report with its code, or one line that says why there is none. Anything else is shown as it is. */
function said({ exitCode, signal, stdout, stderr }: Ended): string {
  if (stdout !== '') {
    const { exitCode: code, checks } = JSON.parse(stdout) as { exitCode: number; checks: { status: string }[] };
    const isHonest =
      code === exitCode && stderr === '' && (code === 0 || checks.some(({ status }) => status !== 'pass'));
    return isHonest ? `report ${code}` : `exit ${exitCode}, report of ${code}, ${stderr}`;
  }
  const isLine = /^coven-doctor: [^\n]+\n$/.test(stderr);
  return isLine ? `line ${exitCode}` : `exit ${exitCode} ${signal ?? ''}: ${stderr}`;
}

const environment = { PATH: process.env.PATH, HOME: '/nonexistent' };

/** Runs Node on `words` with less of something, as `user` where one is named. */
const runWith = (limit: readonly string[], words: readonly string[], user: readonly string[] = []) => {
  const [file = '', ...rest] = [...user, 'prlimit', ...limit, process.execPath, ...words];
  return execa(file, rest, {
    env: environment,
    extendEnv: false,
    reject: false,
    stdin: 'ignore',
    stripFinalNewline: false,
    cwd: '/',
  });
};

test('from 19 descriptors on there is a report or one line with exit 2; with fewer, Node cannot load a program', async () => {
  await using scratch = await makeScratch();
  const home = makeLedgerHome(scratch);
  const before = snapshot(home);
  const outcomes = new Set<string>();
  for (let limit = 19; limit <= 52; limit += 3) {
    outcomes.add(said(await runWith([`--nofile=${limit}`], [program, '--home', home, '--json'])));
  }
  expect([...outcomes].filter((one) => !/^(line 2|report [03])$/.test(one))).toEqual([]);
  expect(outcomes).toContain('report 3');
  expect([...outcomes].some((one) => one.startsWith('report'))).toBe(true);
  expect(snapshot(home)).toEqual(before);
});

// With fewer than 12, Node 20 itself aborts without a word, and with fewer than 7 it waits for ever.
test('with few processes and threads, what could not be read is unknown', async (context) => {
  if (process.getuid?.() !== 0) {
    console.log('no test of few processes: only root is another user for a while');
    return context.skip();
  }
  await using scratch = await makeScratch();
  // Its folder, and the user's only processes are those of the test.
  const uid = 64_000 + (process.pid % 1000);
  const home = makeLedgerHome(scratch);
  chownSync(scratch.path, uid, uid);
  for (const name of ['', ...readdirSync(home)]) chownSync(join(home, name), uid, uid);
  const user = ['setpriv', `--reuid=${uid}`, `--regid=${uid}`, '--clear-groups'];
  const outcomes: string[] = [];
  for (const limit of [9, 12, 13, 15, 18, 24, 40]) {
    const count = [`--nproc=${limit}`];
    const alone = await runWith(count, ['-e', "fs.promises.stat('/').then(() => console.log('ok'))"], user);
    if (alone.stdout !== 'ok\n') continue;
    outcomes.push(said(await runWith(count, [program, '--home', home, '--json', '--timeout', '3'], user)));
  }
  expect(outcomes.filter((one) => !/^(line 2|report [03])$/.test(one))).toEqual([]);
  expect(outcomes).toContain('report 3');
});

test('with little address space there is a report, or Node says that it is out of memory', async () => {
  await using scratch = await makeScratch();
  const home = makeLedgerHome(scratch);
  const outcomes = new Set<string>();
  for (const megabytes of [800, 1000, 1200, 1400, 1700, 2500]) {
    const ended = await runWith([`--as=${megabytes * 1024 ** 2}`], [program, '--home', home, '--json']);
    // V8 ends the process where it can reserve no more, and mostly says so; nothing of ours runs any more.
    // libuv ends it without a word where there is no room for its threads, before a line of ours has run.
    const isWithoutThreads = megabytes < 1000 && ended.signal === 'SIGABRT' && ended.stderr === '';
    const isOut =
      isWithoutThreads ||
      ended.signal === 'SIGSEGV' ||
      ((ended.signal !== undefined || ended.exitCode === 134) &&
        /out of memory|OOM|Last few GCs|bad_alloc/.test(ended.stderr));
    outcomes.add(isOut && ended.stdout === '' ? 'out of memory' : said(ended));
  }
  expect([...outcomes].filter((one) => !/^(out of memory|line 2|report [03])$/.test(one))).toEqual([]);
});

/** Loaded before the program: no child that it starts is ever heard of. */
const deafToChildren = `
import child from 'node:child_process';
import { EventEmitter } from 'node:events';
import { syncBuiltinESMExports } from 'node:module';
child.spawn = () => Object.assign(new EventEmitter(), {
  pid: 2 ** 22 + 1, stdin: null, stdio: [null, null, null, null], unref() {}, kill: () => true,
});
syncBuiltinESMExports();
`;

test.each([
  ['a diagnosis', ['--json']],
  ['a repair', ['--fix', '--yes']],
  ['a backup', ['backup', 'create']],
  ['a bundle', ['bundle', '-o', 'b.zip']],
])('%s that can never be told is a bug report and exit 70, never an empty screen', async (_, words) => {
  await using scratch = await makeScratch();
  const home = makeLedgerHome(scratch);
  const before = snapshot(home, { without: 'doctor' });
  const preload = join(scratch.path, 'mute.mjs');
  // Whoever waits for its end waits for ever, with nothing that keeps the process.
  writeFileSync(preload, 'process.stdout.write = () => true;');
  const { exitCode, stdout, stderr } = await cli([...words, '--home', home], {
    cwd: scratch.path,
    env: { NODE_OPTIONS: `--import ${pathToFileURL(preload).href}` },
  });
  expect([exitCode, stdout]).toEqual([70, '']);
  expect(stderr.split('\n', 2)).toEqual([
    'coven-doctor: this is a bug of ours, please report it',
    'Error: the event loop drained before anything was reported',
  ]);
  expect(snapshot(home, { without: 'doctor' })).toEqual(before);
});

test('children whose end is never told cost a diagnosis what they had not said, and no more', async () => {
  await using scratch = await makeScratch();
  const home = makeLedgerHome(scratch);
  const preload = join(scratch.path, 'deaf.mjs');
  writeFileSync(preload, deafToChildren);
  const { exitCode, stdout, stderr } = await cli(['--home', home], {
    env: { NODE_OPTIONS: `--import ${pathToFileURL(preload).href}` },
  });
  expect([exitCode, stderr]).toEqual([3, '']);
  expect(stdout).toContain('could not be determined');
});

describe('a standard output that takes nothing', () => {
  test.each([
    ['a report', []],
    ['a document', ['--json']],
    ['events', ['--format', 'jsonl']],
    ['help', ['--help']],
    ['the version', ['--version']],
    ['a list', ['list']],
    ['runs', ['runs']],
  ])('%s on a full disk: exit 2 with the reason', async (_, words) => {
    await using scratch = await makeScratch();
    const home = makeLedgerHome(scratch);
    const { exitCode, stderr } = await cli(words, {
      through: ['sh', '-c', 'exec "$0" "$@" > /dev/full'],
      env: { COVEN_HOME: home },
    });
    expect([exitCode, stderr]).toEqual([2, 'coven-doctor: stdout cannot be written (ENOSPC)\n']);
  });

  test.each([
    ['a report', []],
    ['events', ['--format', 'jsonl']],
    ['help', ['--help']],
  ])('%s whose reader has gone ends as it would, without a word', async (_, words) => {
    await using scratch = await makeScratch();
    const home = makeLedgerHome(scratch);
    const child = spawn(process.execPath, [program, ...words], {
      env: { ...environment, COVEN_HOME: home },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    child.stdout.destroy();
    const errors = text(child.stderr);
    const [code] = await once(child, 'exit');
    expect([code, await errors]).toEqual([0, '']);
  });
});
