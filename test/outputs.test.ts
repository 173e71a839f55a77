import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { checks } from '../checks/index.ts';
import { cli } from '../fixtures/diagnose.ts';
import { makeHome } from '../fixtures/home.ts';
import { makeScratch, type Scratch } from '../fixtures/scratch.ts';
import { snapshot } from '../fixtures/snapshot.ts';
import { workflowCommand } from '../fixtures/workflow-command.ts';
import { formats } from '../src/render/format.ts';

const isRoot = process.geteuid?.() === 0;

function make(scratch: Scratch): { readonly home: string; readonly cwd: string } {
  const cwd = join(scratch.path, 'project');
  mkdirSync(cwd);
  return { home: makeHome(join(scratch.path, 'home')), cwd };
}

const files = formats.map((format) => `out.${format}`);
const all = formats.flatMap((format) => ['--output', `${format}=out.${format}`]);

const cases: readonly (readonly [
  name: string,
  code: number,
  args: readonly string[],
  build: (home: string) => void,
])[] = [
  ['nothing at the threshold', 0, [], () => {}],
  ['a warning, where that is the threshold', 1, ['--fail-on', 'warn'], () => {}],
  ['a fault', 1, [], (home) => linkSync(join(home, 'state.lock'), `${home}.second-name`)],
  [
    'something that cannot be seen',
    3,
    [],
    (home) => {
      symlinkSync('elsewhere', join(home, 'daemon-recovery.log.1'));
    },
  ],
];

describe.each(cases)('%s is exit %i', (_, code, args, build) => {
  test.each(formats)('in the format %s, and the home is left as it is', async (format) => {
    await using scratch = await makeScratch();
    const { home, cwd } = make(scratch);
    build(home);
    const before = snapshot(home);
    const words = ['--home', home, '--only', 'home:locks,daemon,daemon:log', '--format', format, ...args];
    const { exitCode, stdout, stderr } = await cli(words, { cwd });
    expect([exitCode, stderr]).toEqual([code, '']);
    expect(stdout).not.toBe('');
    expect(snapshot(home)).toEqual(before);
    expect(readdirSync(cwd)).toEqual([]);
  });
});

test('--output writes every format, for its owner alone, and stdout is what --format says', async () => {
  await using scratch = await makeScratch();
  const { home, cwd } = make(scratch);
  writeFileSync(join(cwd, 'out.sarif'), 'old', { mode: 0o644 });
  const before = snapshot(home);
  const { exitCode, stdout, stderr } = await cli(['--home', home, '--json', ...all], { cwd });
  expect([exitCode, stderr]).toEqual([0, '']);
  expect(readdirSync(cwd).toSorted()).toEqual(files.toSorted());
  expect(files.map((name) => statSync(join(cwd, name)).mode & 0o777)).toEqual(files.map(() => 0o600));
  expect(readFileSync(join(cwd, 'out.json'), 'utf8')).toBe(stdout);
  const run = JSON.parse(stdout).run.id;
  expect(JSON.parse(readFileSync(join(cwd, 'out.sarif'), 'utf8')).runs[0].automationDetails.guid).toBe(run);
  expect(readFileSync(join(cwd, 'out.text'), 'utf8')).toMatch(/^Coven home: /);
  expect(snapshot(home)).toEqual(before);
});

test('jsonl is an event for each check, as the document has it, and one for the whole, on stdout as in a file', async () => {
  await using scratch = await makeScratch();
  const { home, cwd } = make(scratch);
  const args = ['--format', 'jsonl', '--output', 'jsonl=out', '--output', 'json=document'];
  const { stdout } = await cli(['--home', home, ...args], { cwd });
  const document = JSON.parse(readFileSync(join(cwd, 'document'), 'utf8'));
  const order = checks.map(({ id }) => id);
  for (const text of [stdout, readFileSync(join(cwd, 'out'), 'utf8')]) {
    const events = text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    const { event, consequences, ...summary } = events.pop();
    const ended = events
      .toSorted((a, b) => order.indexOf(a.id) - order.indexOf(b.id))
      .map(({ event, ...check }) => check);
    expect([event, consequences]).toEqual(['summary', []]);
    expect({ ...summary, checks: ended }).toEqual(document);
  }
});

describe('an output that cannot be written is exit 2, before anything is looked at', () => {
  const cases: readonly (readonly [name: string, build: (cwd: string, home: string) => string, why: string])[] = [
    ['no format', () => 'out', 'takes FORMAT=FILE'],
    ['an unknown format', () => 'xml=out', 'takes FORMAT=FILE'],
    ['no file', () => 'json=', 'takes FORMAT=FILE'],
    ['a folder that is not there', () => 'json=none/out', 'its folder cannot be used (ENOENT)'],
    ['the home', (_, home) => `json=${home}/out`, 'lies in the Coven home'],
    [
      'a folder in the home by another name',
      (cwd, home) => {
        mkdirSync(join(home, 'keys'), { mode: 0o700 });
        symlinkSync(join(home, 'keys'), join(cwd, 'link'));
        return 'json=link/out';
      },
      'lies in the Coven home',
    ],
    [
      'a symlink',
      (cwd) => {
        symlinkSync('elsewhere', join(cwd, 'out'));
        return 'json=out';
      },
      'not a regular file',
    ],
    [
      'a FIFO',
      (cwd) => {
        execFileSync('mkfifo', [join(cwd, 'out')]);
        return 'json=out';
      },
      'not a regular file',
    ],
    ['a device', () => 'json=/dev/null', 'not a regular file'],
  ];
  test.each(cases)('%s', async (_, build, why) => {
    await using scratch = await makeScratch();
    const { home, cwd } = make(scratch);
    const output = build(cwd, home);
    const before = [snapshot(home), snapshot(cwd)];
    const { exitCode, stdout, stderr } = await cli(['--home', home, '--output', output], { cwd });
    expect([exitCode, stdout]).toEqual([2, '']);
    expect(stderr).toContain(why);
    expect([snapshot(home), snapshot(cwd)]).toEqual(before);
  });

  test('one file twice, by two names', async () => {
    await using scratch = await makeScratch();
    const { home, cwd } = make(scratch);
    const args = ['--output', 'json=out', '--output', 'sarif=../project/out'];
    const { exitCode, stderr } = await cli(['--home', home, ...args], { cwd });
    expect([exitCode, stderr]).toEqual([2, expect.stringContaining('more than once')]);
  });
});

test('an output that fails at the end is exit 2 after the report, and leaves nothing half', async () => {
  await using scratch = await makeScratch();
  chmodSync(scratch.path, 0o755);
  const { cwd } = make(scratch);
  chmodSync(cwd, 0o555);
  const uid = isRoot ? { uid: 65_534 } : {};
  const home = join(scratch.path, 'none');
  const { exitCode, stdout, stderr } = await cli(['--output', 'json=out'], { cwd, env: { COVEN_HOME: home }, ...uid });
  expect([exitCode, stderr]).toEqual([2, expect.stringContaining('cannot be written (EACCES)')]);
  expect(stdout).toContain('not running');
  expect(readdirSync(cwd)).toEqual([]);
  chmodSync(cwd, 0o755);
});

test.each([
  [['--json', '--format', 'json'], 0],
  [['--json', '--format', 'text'], 2],
  [['--format', 'json', '--format', 'text'], 2],
  [['--format', 'xml'], 2],
  [['--suppress', 'a', '--suppress', 'b'], 2],
  [['--fix', '--yes', '--output', 'json=out'], 2],
  [['--fix', '--yes', '--format', 'sarif'], 2],
])('%j is exit %i', async (args, code) => {
  await using scratch = await makeScratch();
  const { home, cwd } = make(scratch);
  expect((await cli(['--home', home, ...args], { cwd })).exitCode).toBe(code);
});

describe('the summary of a GitHub step', () => {
  const run = async (scratch: Scratch, summary: string) => {
    const home = makeHome(join(scratch.path, 'home'));
    return cli(['--home', home, '--format', 'github'], { env: { GITHUB_STEP_SUMMARY: summary } });
  };

  test('is appended to what is there', async () => {
    await using scratch = await makeScratch();
    const file = join(scratch.path, 'summary.md');
    writeFileSync(file, 'before\n');
    const { exitCode, stdout, stderr } = await run(scratch, file);
    expect([exitCode, stderr]).toEqual([0, '']);
    expect(
      stdout
        .trimEnd()
        .split('\n')
        .map((line) => workflowCommand(line)?.properties.title),
    ).toEqual(['daemon warn stopped']);
    expect(readFileSync(file, 'utf8')).toMatch(
      /^before\n### coven-doctor\n[\s\S]*\| `daemon` \| warn \| the daemon is not running \|/,
    );
  });

  test('stays within the 1 MiB that GitHub shows', async () => {
    await using scratch = await makeScratch();
    const file = join(scratch.path, 'summary.md');
    writeFileSync(file, 'x'.repeat(1024 ** 2 - 10));
    expect((await run(scratch, file)).exitCode).toBe(0);
    expect(statSync(file).size).toBe(1024 ** 2 - 10);
  });

  test.each([
    ['a symlink', (path: string) => symlinkSync('elsewhere', path), 'ELOOP'],
    ['a FIFO', (path: string) => void execFileSync('mkfifo', [path]), 'ENXIO'],
    ['a folder', (path: string) => mkdirSync(path), 'EISDIR'],
  ])('that is %s is left alone, and changes no exit code', async (_, build, why) => {
    await using scratch = await makeScratch();
    const file = join(scratch.path, 'summary.md');
    build(file);
    const { exitCode, stderr } = await run(scratch, file);
    expect([exitCode, stderr]).toEqual([0, expect.stringContaining(why)]);
    expect(readdirSync(scratch.path).toSorted()).toEqual(['home', 'summary.md']);
  });
});
