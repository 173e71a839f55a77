import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { cli } from '../fixtures/diagnose.ts';
import { makeScratch } from '../fixtures/scratch.ts';
import { snapshot } from '../fixtures/snapshot.ts';

describe('a home that was named and is not there', () => {
  const commands: readonly (readonly string[])[] = [
    [],
    ['--fix'],
    ['--json'],
    ['plan'],
    ['undo'],
    ['runs'],
    ['preflight'],
    ['explain', 'daemon'],
    ['bundle'],
    ['backup', 'create'],
    ['backup', 'list'],
  ];
  test.each(commands.map((words) => [words.join(' ') || 'a diagnosis', words] as const))(
    'is a mistake of the command line: %s',
    async (_, words) => {
      await using scratch = await makeScratch();
      for (const name of ['none', 'none/below', 'file/below']) {
        writeFileSync(join(scratch.path, 'file'), '');
        const home = join(scratch.path, name);
        const { stdout, stderr, exitCode } = await cli([...words, '--home', home], { cwd: scratch.path });
        expect([exitCode, stdout, stderr]).toEqual([2, '', `coven-doctor: there is no Coven home at ${home}\n`]);
      }
      expect(snapshot(scratch.path).map((line) => line.split(' ')[0])).toEqual(['.', './file']);
    },
  );
});

describe('a machine that never had a home', () => {
  test.each(['COVEN_HOME', 'HOME'])('of %s is healthy, and says first that there is none', async (name) => {
    await using scratch = await makeScratch();
    const env = { [name]: name === 'HOME' ? scratch.path : join(scratch.path, '.coven') };
    const home = join(scratch.path, '.coven');
    const { stdout, exitCode } = await cli([], { env });
    expect([exitCode, stdout.split('\n')[0]]).toEqual([0, `There is no Coven home at ${home} yet`]);
    expect(stdout).not.toContain('It works');
    const { run } = JSON.parse((await cli(['--json'], { env })).stdout);
    expect(run.home).toBe('absent');
    const metrics = await cli(['--format', 'prometheus'], { env });
    expect(metrics.stdout).toContain('coven_doctor_home_present 0\n');
    mkdirSync(home, { mode: 0o700 });
    expect((await cli(['--format', 'prometheus'], { env })).stdout).toContain('coven_doctor_home_present 1\n');
    expect(JSON.parse((await cli(['--json'], { env })).stdout).run.home).toBe('present');
  });

  test('has nothing to upgrade, which is no go', async () => {
    await using scratch = await makeScratch();
    const { stdout, exitCode } = await cli(['preflight'], { env: { COVEN_HOME: join(scratch.path, 'none') } });
    expect([exitCode, stdout.split('\n')[0]]).toEqual([1, `There is no Coven home at ${scratch.path}/none yet`]);
  });

  test('and in whose folders none can be made is not', async () => {
    await using scratch = await makeScratch();
    writeFileSync(join(scratch.path, 'file'), '');
    const env = { COVEN_HOME: join(scratch.path, 'file', 'below', 'home') };
    const { stdout, exitCode } = await cli(['--json'], { env });
    expect(exitCode).toBe(1);
    const [path] = JSON.parse(stdout).checks.filter(({ id }: { id: string }) => id === 'home:path');
    expect(path).toMatchObject({ status: 'fail', findings: [{ code: 'cannot-create' }] });
  });
});
