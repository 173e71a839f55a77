import { spawn } from 'node:child_process';
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
  expect([exitCode, stderr]).toEqual([2, `coven-doctor: ${words[0]} is of a diagnosis; leave out --fix\n`]);
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
