// What is printed where nobody can be asked works when it is pasted there, and on a terminal alike.
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { spawn } from '@lydell/node-pty';
import { execa } from 'execa';
import { describe, expect, test } from 'vitest';
import { cli, program } from '../../fixtures/diagnose.ts';
import { faults } from '../../fixtures/faults/index.ts';
import { makeHome } from '../../fixtures/home.ts';
import { makeScratch } from '../../fixtures/scratch.ts';
import { snapshot } from '../../fixtures/snapshot.ts';
import { stageFault } from '../../fixtures/staged.ts';
import { commands } from '../../src/cli/commands/index.ts';
import { agreed, command, shellLine } from '../../src/model/advice.ts';

/** The last command of a screen that agrees to something. */
function agreeingLine(screen: string): string {
  const lines = screen.split('\n').map((line) => line.trim());
  return lines.findLast((line) => line.startsWith('coven-doctor ') && line.includes(' --yes')) ?? 'none is printed';
}

/** A folder for PATH with the program in it. */
function onPath(scratch: string): string {
  const folder = join(scratch, 'programs');
  mkdirSync(folder);
  symlinkSync(program, join(folder, 'coven-doctor'));
  return `${folder}:${process.env.PATH}`;
}

const pasted = (line: string, path: string, cwd: string) =>
  execa('sh', ['-c', line], {
    env: { PATH: path, HOME: '/nonexistent' },
    extendEnv: false,
    cwd,
    reject: false,
    stdin: 'ignore',
  });

/** How a line ends on a terminal on which nobody answers anything. */
function onTerminal(line: string, path: string): Promise<{ readonly code: number; readonly screen: string }> {
  const terminal = spawn('sh', ['-c', line], { cols: 120, env: { PATH: path, HOME: '/nonexistent', TERM: 'xterm' } });
  let screen = '';
  terminal.onData((data) => {
    screen += data;
    if (data.includes('[y/N]')) terminal.write('\x04');
  });
  return new Promise((resolve) => terminal.onExit(({ exitCode }) => resolve({ code: exitCode, screen })));
}

/** A home whose record is cut off, which is repaired without risk. */
function makeBroken(scratch: string): string {
  const home = makeHome(join(scratch, 'home'));
  writeFileSync(join(home, 'daemon.json'), '{"pid":', { mode: 0o600 });
  return home;
}

describe.each([
  ['a diagnosis', []],
  ['a plan', ['plan']],
  ['a repair that nobody agreed to', ['--fix']],
  ['the same as a dry run', ['--fix', '--dry-run']],
])('%s', (_, words) => {
  test('off a terminal prints a command that repairs, there and on a terminal', async () => {
    await using scratch = await makeScratch();
    const home = makeBroken(scratch.path);
    const before = snapshot(home);
    const { stdout } = await cli([...words, '--home', home]);
    expect(snapshot(home)).toEqual(before);
    const line = agreeingLine(stdout);
    const path = onPath(scratch.path);
    const done = await pasted(line, path, scratch.path);
    expect([done.exitCode, done.stdout]).toEqual([0, expect.stringContaining('fixed: daemon:record invalid')]);
    writeFileSync(join(home, 'daemon.json'), '{"pid":', { mode: 0o600 });
    expect(await onTerminal(line, path)).toEqual({
      code: 0,
      screen: expect.stringContaining('fixed: daemon:record invalid'),
    });
  });
});

test('what a repair was asked for with is in the command that does it', async () => {
  await using scratch = await makeScratch();
  const home = makeBroken(scratch.path);
  const place = join(scratch.path, 'elsewhere');
  mkdirSync(place, { mode: 0o700 });
  const words = ['--start-daemon', '--backup-dir', place, '--deep', '--allow', 'disruptive'];
  const { stdout } = await cli(['--fix', ...words, '--home', home]);
  expect(agreeingLine(stdout)).toBe(
    `coven-doctor --fix --start-daemon --backup-dir ${place} --deep --allow disruptive --yes --home ${home}`,
  );
});

test('a plan of which nothing is allowed is shown and applied by what is printed', async () => {
  const damaged = faults.find(({ name }) => name === 'events-damaged');
  if (!damaged) throw new Error('no such fault');
  await using scratch = await makeScratch();
  await using staged = await stageFault(damaged);
  const { stdout, exitCode } = await cli(['--fix', '--home', staged.home]);
  expect(exitCode).toBe(5);
  const line = agreeingLine(stdout);
  expect(line).toBe(`coven-doctor --fix --allow lossy --yes --home ${staged.home}`);
  expect(stdout).toContain(`  coven-doctor plan --allow lossy --home ${staged.home}\n`);
  const done = await pasted(line, onPath(scratch.path), scratch.path);
  expect(done.stdout).toContain('fixed: store:integrity corrupt');
});

test('a rescue that nobody agreed to prints the rescue that was asked for', async () => {
  const damaged = faults.find(({ name }) => name === 'events-damaged');
  if (!damaged) throw new Error('no such fault');
  await using scratch = await makeScratch();
  await using staged = await stageFault(damaged);
  const other = join(makeHome(join(scratch.path, 'other')), 'coven.sqlite3');
  const { stdout } = await cli(['rescue', '--merge', other, '--home', staged.home]);
  const line = agreeingLine(stdout);
  expect(line).toBe(`coven-doctor rescue --merge ${other} --yes --home ${staged.home}`);
  const done = await pasted(line, onPath(scratch.path), scratch.path);
  expect(done.stdout).toContain('Done. The rescued ledger is in place. The damaged one is kept in doctor/runs/');
});

test('a restore is shown by a dry run, and done by what is printed then', async () => {
  await using scratch = await makeScratch();
  const home = makeHome(join(scratch.path, 'home'));
  const made = await cli(['backup', 'create', '--home', home, '--json']);
  const { id } = JSON.parse(made.stdout) as { readonly id: string };
  writeFileSync(join(home, 'repos.toml'), 'new = 1\n');
  await cli(['backup', 'create', '--home', home]);
  const shown = await cli(['backup', 'restore', id, '--dry-run', '--home', home]);
  const line = `coven-doctor backup restore ${id} --allow lossy --yes --home ${home}`;
  expect([shown.exitCode, agreeingLine(shown.stdout)]).toEqual([0, line]);
  for (const words of [[], ['--allow', 'lossy']]) {
    const { exitCode, stdout } = await cli(['backup', 'restore', id, ...words, '--home', home]);
    expect([exitCode, agreeingLine(stdout)]).toEqual([5, line]);
  }
  expect(readFileSync(join(home, 'repos.toml'), 'utf8')).toBe('new = 1\n');
  const done = await pasted(line, onPath(scratch.path), scratch.path);
  expect([done.exitCode, done.stdout]).toEqual([0, expect.stringContaining('Restored as run ')]);
});

const line = (words: string): string => shellLine(agreed(command('coven-doctor', ...words.split(' '))));

test.each(['--fix', '--fix --allow lossy', 'rescue', 'rescue --merge other', 'backup restore ID --allow lossy'])(
  '%s asks, so that it is printed with --yes',
  (words) => {
    expect(line(words)).toBe(`coven-doctor ${words} --yes`);
  },
);

test.each([
  '--json',
  'plan',
  'undo',
  'apply file',
  'rescue --dry-run',
  'rescue --from file -o other',
  '--fix --yes',
  'backup list',
])('%s asks nothing', (words) => {
  expect(line(words)).toBe(`coven-doctor ${words}`);
});

test('every command that changes a home takes --yes, --json and --home', () => {
  const changing = ['', 'apply', 'undo', 'rescue', 'backup restore'];
  const lacking = commands
    .filter(({ name }) => changing.includes(name))
    .flatMap(({ name, options }) =>
      ['yes', 'json', 'home'].filter((option) => !(option in options)).map((option) => `${name} --${option}`),
    );
  expect(lacking).toEqual([]);
  // Whatever asks is known to the rule above.
  const asking = commands.filter(({ options: { yes } }) => yes && !yes.describe.startsWith('Has no effect'));
  expect(asking.map(({ name }) => name)).toEqual(['', 'backup restore', 'rescue']);
});

test.each([
  ['undo', ['undo', '--yes']],
  ['apply', ['apply', 'plan.json', '--yes']],
])('%s takes the --yes of scripts', async (_, words) => {
  await using scratch = await makeScratch();
  const home = makeBroken(scratch.path);
  await cli(['plan', '-o', join(scratch.path, 'plan.json'), '--home', home]);
  if (words[0] === 'undo') await cli(['--fix', '--yes', '--home', home]);
  expect((await cli([...words, '--home', home], { cwd: scratch.path })).exitCode).toBe(0);
});

test('a plan that was made with --deep is applied with it', async () => {
  await using scratch = await makeScratch();
  const home = makeBroken(scratch.path);
  const file = join(scratch.path, 'plan.json');
  const { stdout } = await cli(['plan', '--deep', '-o', file, '--home', home]);
  expect(stdout).toContain(`  coven-doctor apply ${file} --deep --home ${home}\n`);
  expect((await cli(['apply', file, '--deep', '--home', home])).exitCode).toBe(0);
});

test('--dry-run without --fix says that nothing is changed anyway', async () => {
  const { exitCode, stderr } = await cli(['--dry-run']);
  expect([exitCode, stderr]).toEqual([2, 'coven-doctor: --dry-run goes with --fix; without it nothing is changed\n']);
});
