// A preflight that lets an upgrade begin names both versions, wherever the program on PATH came from.
import { mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import { expect, test } from 'vitest';
import { cli } from '../../fixtures/diagnose.ts';
import { install } from '../../fixtures/faults/packages.ts';
import { makeHome } from '../../fixtures/home.ts';
import { findRealCoven } from '../../fixtures/real-coven.ts';
import { makeScratch, type Scratch } from '../../fixtures/scratch.ts';
import { snapshot } from '../../fixtures/snapshot.ts';

const real = findRealCoven();
if ('why' in real) console.log(`no preflight of a program without a package: ${real.why}`);

const preflight = (home: string, bin: string, ...words: readonly string[]) =>
  cli(['preflight', '--home', home, ...words], { env: { PATH: `${bin}:/usr/bin:/bin` } });

/** A folder whose `coven` is the native program, as somebody has it who copied it there. */
function makeBare(scratch: Scratch, name = 'bin'): string {
  const bin = join(scratch.path, name);
  mkdirSync(bin);
  symlinkSync('path' in real ? real.path : '', join(bin, 'coven'));
  return bin;
}

/** A home that the real Coven made. */
async function makeReal(scratch: Scratch): Promise<string> {
  const home = join(scratch.path, 'home');
  const env = { COVEN_HOME: home, HOME: scratch.path };
  await execa('path' in real ? real.path : '', ['sessions', '--json'], { env, extendEnv: false });
  return home;
}

test('of a package', async () => {
  await using scratch = await makeScratch();
  const home = makeHome(join(scratch.path, 'home'));
  const bin = install(join(scratch.path, 'coven'), '0.4.6');
  const { exitCode, stdout } = await preflight(home, bin, '--target-version', '0.4.7');
  expect([exitCode, stdout]).toEqual([0, expect.stringContaining('\nReady to upgrade from 0.4.6 to 0.4.7. ')]);
});

test.skipIf('why' in real)('of a program alone, which says its version where it can reach nothing', async () => {
  await using scratch = await makeScratch();
  const home = await makeReal(scratch);
  const before = snapshot(home);
  const bin = makeBare(scratch);
  const file = join(scratch.path, 'before.json');
  const { exitCode, stdout } = await preflight(home, bin, '--target-version', '0.4.7', '--save', file);
  expect([exitCode, stdout]).toEqual([0, expect.stringContaining('\nReady to upgrade from 0.4.6 to 0.4.7. ')]);
  expect(snapshot(home)).toEqual(before);
  const { stdout: after } = await cli(['postflight', '--home', home, '--against', file, '--json']);
  expect(JSON.parse(after).conclusion ?? after).toContain('no daemon runs after the upgrade');
});

test.skipIf('why' in real)('a program alone that is newer than the target is a downgrade', async () => {
  await using scratch = await makeScratch();
  const home = await makeReal(scratch);
  const { exitCode, stdout } = await preflight(home, makeBare(scratch), '--target-version', '0.4.5');
  expect([exitCode, stdout]).toEqual([
    1,
    expect.stringContaining('Coven 0.4.6 has written the ledger, and the target'),
  ]);
});

test('a preflight claims no more of its target than it was told, in every format', async () => {
  await using scratch = await makeScratch();
  const home = makeHome(join(scratch.path, 'home'));
  const bin = install(join(scratch.path, 'coven'), '0.4.6');
  const concluded = async (...words: readonly string[]): Promise<unknown> =>
    JSON.parse((await preflight(home, bin, '--json', ...words)).stdout).conclusion;
  expect(await concluded('--target-version', 'v0.4.7')).toBe('Ready to upgrade from 0.4.6 to 0.4.7.');
  expect(await concluded('--target-version', '0.4.6')).toBe('Nothing to upgrade: Coven 0.4.6 is there already.');
  expect(await concluded()).toBe('Ready to upgrade from 0.4.6; --target-version names to which.');
  const github = await preflight(home, bin, '--format', 'github', '--target-version', '0.4.7');
  expect(github.stdout).toContain('::notice title=coven-doctor::Ready to upgrade from 0.4.6 to 0.4.7.\n');
  const markdown = await preflight(home, bin, '--format', 'markdown', '--target-version', '0.4.7');
  expect(markdown.stdout).toContain('\nReady to upgrade from 0.4.6 to 0.4.7.\n');
});
