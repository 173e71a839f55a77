import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, lstatSync, mkdirSync, readdirSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { describe, expect, test } from 'vitest';
import { cli, diagnose } from '../fixtures/diagnose.ts';
import { harnessFolder } from '../fixtures/double.ts';
import { faults } from '../fixtures/faults/index.ts';
import { makeHome } from '../fixtures/home.ts';
import { makeScratch } from '../fixtures/scratch.ts';
import { snapshot } from '../fixtures/snapshot.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const simulate = (fault: string, home: string) => cli(['simulate', fault, '--home', home]);

test('without a fault, all are named with their sentences', async () => {
  const { stdout, exitCode } = await cli(['simulate']);
  expect(exitCode).toBe(0);
  const lines = stdout.split('\n');
  expect(
    faults.filter(({ name, what }) => !lines.some((line) => line.startsWith(name) && line.includes(what))),
  ).toEqual([]);
  // A few for a start, then groups in the order of the alphabet.
  const groups = stdout.split('\n\n').map((group) => group.split('\n'));
  expect(groups[0]?.[0]).toBe('For a start:');
  expect(groups[0]).toHaveLength(6);
  for (const [title, ...named] of groups.slice(1, -1)) {
    expect(title).toMatch(/^[A-Z].*:$/);
    expect(named).toEqual(named.toSorted());
  }
});

test('a fault is made, told, found, and made again', async () => {
  await using scratch = await makeScratch();
  const home = join(scratch.path, 'home');
  for (const name of ['events-damaged', 'home-is-a-symlink', 'home-is-a-file', 'record-dead-pid']) {
    const { stdout, stderr, exitCode } = await simulate(name, home);
    expect([stderr, exitCode]).toEqual(['', 0]);
    expect(stdout).toContain(`\n  coven-doctor --home ${home}\n`);
    const fault = faults.find((fault) => fault.name === name);
    expect(stdout.split('\n').filter((line) => /^ {2}(daemon|home|store)/.test(line))).toEqual(
      fault?.expect.map((line) => `  ${line}`),
    );
    expect((await diagnose(home)).faults).toEqual(fault?.expect);
    expect(readdirSync(scratch.path)).toEqual(['home', 'home.simulated']);
  }
});

test('a home that must lie in another folder is told where it is', async () => {
  await using scratch = await makeScratch();
  const { stdout } = await simulate('home-in-a-synchronised-folder', join(scratch.path, 'home'));
  const home = join(scratch.path, 'home.simulated', 'beside', 'Dropbox', 'home');
  expect(stdout).toContain(`coven-doctor --home ${home}\n`);
  expect((await diagnose(home)).faults).toContain('home:filesystem synced warn');
  expect((await simulate('session-stranded', join(scratch.path, 'home'))).exitCode).toBe(0);
});

describe('what simulate did not make is refused, and stays as it was', () => {
  const cases: readonly (readonly [string, (path: string) => void])[] = [
    ['a home', (path) => void makeHome(path)],
    ['an empty folder', (path) => mkdirSync(path)],
    ['a symlink into nothing', (path) => symlinkSync('/nonexistent', path)],
    ['a folder in the place of the marker', (path) => mkdirSync(`${path}.simulated`)],
    [
      'a marker that is a symlink',
      (path) => {
        mkdirSync(`${path}.simulated`);
        writeFileSync(
          `${path}.elsewhere`,
          '{"madeBy":"coven-doctor simulate","home":null,"process":null,"inside":null}',
        );
        symlinkSync(`${path}.elsewhere`, join(`${path}.simulated`, 'marker.json'));
      },
    ],
  ];
  test.each(cases)('%s', async (_, stage) => {
    await using scratch = await makeScratch();
    stage(join(scratch.path, 'home'));
    const before = snapshot(scratch.path);
    const { stderr, stdout, exitCode } = await simulate('ledger-missing', join(scratch.path, 'home'));
    expect([exitCode, stdout]).toEqual([5, '']);
    expect(stderr).toMatch(/^coven-doctor: refused: .* was not made by coven-doctor simulate; name .*\n$/);
    expect(snapshot(scratch.path)).toEqual(before);
  });

  test('a home that took the place of the one it made', async () => {
    await using scratch = await makeScratch();
    const home = join(scratch.path, 'home');
    await simulate('ledger-missing', home);
    renameSync(home, join(scratch.path, 'moved'));
    makeHome(home);
    const before = snapshot(scratch.path);
    const { stderr, exitCode } = await simulate('ledger-missing', home);
    expect([exitCode, stderr]).toEqual([
      5,
      `coven-doctor: refused: ${home} is not what coven-doctor simulate made there; move it away, or name another path\n`,
    ]);
    expect(snapshot(scratch.path)).toEqual(before);
  });

  test('a parent that is absent or a symlink', async () => {
    await using scratch = await makeScratch();
    symlinkSync(scratch.path, join(scratch.path, 'link'));
    const absent = await simulate('ledger-missing', join(scratch.path, 'none', 'home'));
    expect([absent.exitCode, absent.stderr]).toEqual([
      5,
      `coven-doctor: refused: ${join(scratch.path, 'none')} does not exist; make that folder first\n`,
    ]);
    const linked = await simulate('ledger-missing', join(scratch.path, 'link', 'home'));
    expect(linked.exitCode).toBe(5);
    expect(linked.stderr).toContain(`name ${join(scratch.path, 'home')}`);
    expect(readdirSync(scratch.path)).toEqual(['link']);
  });

  test('words that make no sense', async () => {
    expect((await cli(['simulate', 'no-such-fault', '--home', '/tmp/x'])).exitCode).toBe(2);
    expect((await cli(['simulate', 'ledger-missing'], { env: { COVEN_HOME: '/tmp/x' } })).exitCode).toBe(2);
    expect((await cli(['simulate', 'ledger-missing', '--home', '/a', '--home', '/b'])).exitCode).toBe(2);
  });
});

/** Starts a live fault and resolves when it stands. */
async function startFault(program: string, home: string) {
  const child = spawn(process.execPath, [program, 'simulate', 'daemon-silent', '--home', home], {
    // As the diagnosis of a test has it.
    env: { ...process.env, PATH: `${harnessFolder}:${process.env.PATH}` },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  for await (const line of createInterface({ input: child.stdout })) if (line.includes('until Ctrl-C')) break;
  return child;
}

const proc = existsSync('/proc/self/stat');
test.skipIf(!proc)('a live fault stands until it is ended, and nothing of it stays (needs /proc)', async () => {
  await using scratch = await makeScratch();
  const home = join(scratch.path, 'home');
  const child = await startFault(join(root, 'dist', 'coven-doctor.js'), home);
  scratch.onEnd(() => void child.kill('SIGKILL'));
  expect((await diagnose(home, { daemonLives: true })).faults).toEqual(['daemon hung fail', 'daemon:socket hung fail']);
  const again = await simulate('daemon-silent', home);
  expect([again.exitCode, again.stderr]).toEqual([
    5,
    `coven-doctor: refused: process ${child.pid} keeps a fault standing there; end it first\n`,
  ]);
  const gone = once(child, 'exit');
  child.kill('SIGINT');
  expect(await gone).toEqual([130, null]);
  const after = await diagnose(home);
  expect(after.faults).toEqual(['daemon stale fail', 'daemon:socket stale warn', 'daemon:record dead-pid warn']);
  expect((await simulate('ledger-missing', home)).exitCode).toBe(0);
});

test.skipIf(!proc)('the package that npm would publish can make a live fault', async () => {
  await using scratch = await makeScratch();
  // What was built is packed: a build of its own would take the program away from under the other suites.
  const packed = await execa('npm', ['pack', '--ignore-scripts', '--json', '--pack-destination', scratch.path], {
    cwd: root,
  });
  const [{ filename }] = JSON.parse(packed.stdout) as [{ filename: string }];
  expect(spawnSync('tar', ['-xzf', join(scratch.path, filename), '-C', scratch.path]).status).toBe(0);
  const folder = join(scratch.path, 'package');
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
  expect(lstatSync(join(folder, 'dist', 'double.mjs')).isFile()).toBe(true);
  const home = join(scratch.path, 'home');
  const child = await startFault(join(folder, 'dist', 'coven-doctor.js'), home);
  scratch.onEnd(() => void child.kill('SIGKILL'));
  expect((await diagnose(home, { daemonLives: true })).faults).toEqual(['daemon hung fail', 'daemon:socket hung fail']);
  const gone = once(child, 'exit');
  child.kill('SIGTERM');
  expect(await gone).toEqual([143, null]);
});
