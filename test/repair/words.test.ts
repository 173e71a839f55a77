import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { cli } from '../../fixtures/diagnose.ts';
import { makeHome } from '../../fixtures/home.ts';
import { makeScratch, type Scratch } from '../../fixtures/scratch.ts';
import { snapshot } from '../../fixtures/snapshot.ts';

const program = fileURLToPath(new URL('../../dist/coven-doctor.js', import.meta.url));

/** A home with two faults that are mended without asking for more. */
function spoiled({ path }: Scratch): string {
  const home = makeHome(join(path, 'home'), { rows: [{ id: 'a', status: 'completed' }], events: 20 });
  writeFileSync(join(home, 'daemon.json'), '{"pid":', { mode: 0o600 });
  chmodSync(home, 0o755);
  return home;
}

test.each([
  ['--only', 'home:mode'],
  ['--skip', 'daemon'],
  ['--checks', './mine.js'],
])('a repair takes no %s: it would mend what was left out', async (...words) => {
  await using scratch = await makeScratch();
  const home = spoiled(scratch);
  const before = snapshot(home);
  const { exitCode, stderr } = await cli(['--home', home, '--fix', '--yes', ...words]);
  expect([exitCode, stderr]).toEqual([2, `coven-doctor: ${words[0]} does not go with --fix\n`]);
  expect(snapshot(home)).toEqual(before);
});

test.each(['coven.sqlite3', 'daemon.json', 'plan.json'])('a plan is not saved as %s in the home', async (name) => {
  await using scratch = await makeScratch();
  const home = spoiled(scratch);
  const before = snapshot(home);
  const { exitCode, stderr } = await cli(['plan', '--home', home, '-o', join(home, name)]);
  expect([exitCode, stderr]).toEqual([
    2,
    `coven-doctor: --output ${join(home, name)}: lies in the Coven home; nothing is written there\n`,
  ]);
  expect(snapshot(home)).toEqual(before);
});

test('a reader that goes away ends no repair', async () => {
  await using scratch = await makeScratch();
  const home = spoiled(scratch);
  const child = spawn(process.execPath, [program, '--home', home, '--fix', '--yes'], {
    env: { PATH: process.env.PATH, HOME: '/nonexistent' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  scratch.onEnd(() => void child.kill('SIGKILL'));
  child.stdout.destroy();
  child.stderr.destroy();
  const [code] = await once(child, 'close');
  const [run = ''] = readdirSync(join(home, 'doctor', 'runs'));
  const journal = readFileSync(join(home, 'doctor', 'runs', run, 'journal.jsonl'), 'utf8');
  expect([code, /"record":"commit"/.test(journal)]).toEqual([0, true]);
});

test('a folder for backups is named by any path, once, and lies outside the home', async () => {
  await using scratch = await makeScratch();
  const home = spoiled(scratch);
  const inside = join(home, '..backups');
  mkdirSync(inside, { mode: 0o700 });
  const hidden = await cli(['backup', 'create', '--home', home, '--backup-dir', inside]);
  expect([hidden.exitCode, hidden.stderr]).toEqual([
    5,
    `coven-doctor: ${inside} is inside the home, and would be part of every later backup; name one outside\n`,
  ]);
  const twice = await cli(['--home', home, '--fix', '--yes', '--backup-dir', 'a', '--backup-dir', 'b']);
  expect([twice.exitCode, twice.stderr]).toEqual([2, 'coven-doctor: --backup-dir takes one path\n']);
  const saved = await cli(['plan', '--home', home, '-o', 'a', '-o', 'b']);
  expect([saved.exitCode, saved.stderr]).toEqual([2, 'coven-doctor: --output takes one path\n']);
  const file = join(home, 'state.lock');
  const listed = await cli(['backup', 'list', '--home', home, '--backup-dir', file]);
  expect([listed.exitCode, listed.stderr]).toEqual([5, `coven-doctor: ${file} cannot be looked at (ENOTDIR)\n`]);
  const folder = join(scratch.path, 'backups');
  mkdirSync(folder, { mode: 0o700 });
  const args = ['--home', home, '--fix', '--yes', '--backup-dir', '../backups/'];
  expect((await cli(args, { cwd: home })).exitCode).toBe(0);
  expect(readdirSync(folder)).toHaveLength(1);
});

const nobody = 65_534;
const isRoot = process.geteuid?.() === 0;

test.each(['doctor', 'doctor/runs'])('%s that is closed to its owner is refused, and is no bug', async (closed) => {
  await using scratch = await makeScratch();
  const home = spoiled(scratch);
  await cli(['--home', home, '--fix', '--yes']);
  if (isRoot) {
    chmodSync(scratch.path, 0o755);
    execFileSync('chown', ['-R', `${nobody}:${nobody}`, home]);
  }
  chmodSync(join(home, closed), 0);
  const as = isRoot ? ['setpriv', '--reuid', `${nobody}`, '--regid', `${nobody}`, '--clear-groups'] : ['env'];
  const codes = ['runs', 'undo', 'backup list', 'backup create', 'backup verify'].map((words) => {
    const args = [...as.slice(1), process.execPath, program, ...words.split(' '), '--home', home];
    return `${words} ${spawnSync(as[0] ?? '', args, { stdio: 'ignore' }).status}`;
  });
  chmodSync(join(home, closed), 0o700);
  expect(codes).toEqual(['runs 5', 'undo 5', 'backup list 5', 'backup create 5', 'backup verify 5']);
});

test('a repair ends with the state that it left, counted', async () => {
  await using scratch = await makeScratch();
  const { stdout, exitCode } = await cli(['--fix', '--yes', '--home', spoiled(scratch)]);
  expect(exitCode).toBe(0);
  const lines = stdout.trimEnd().split('\n');
  const at = lines.findIndex((line) =>
    /^(?:No problems found\. |\d+ warnings?, )\d+ passed, \d+ skipped\.$/.test(line),
  );
  expect(at).toBeGreaterThan(0);
  // What is counted there is named above it, and its command below.
  const named = lines.filter((line) => line.startsWith('[--] ')).length;
  expect(lines[at]?.startsWith(`${named} warning`) || named === 0).toBe(true);
  expect(lines.slice(at + 1).length).toBe(named === 0 ? 0 : 2);
});
