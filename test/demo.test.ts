import { readdirSync } from 'node:fs';
import { expect, test } from 'vitest';
import { cli } from '../fixtures/diagnose.ts';
import { makeScratch } from '../fixtures/scratch.ts';
import { allPids, readEnviron } from '../src/host/procfs.ts';

test('the demo kills, diagnoses, mends, takes back and mends again, and leaves nothing behind', async () => {
  await using scratch = await makeScratch();
  const { stdout, stderr, exitCode } = await cli(['demo'], { env: { TMPDIR: scratch.path } });
  expect([exitCode, stderr]).toEqual([0, '']);
  expect(stdout).toContain('daemon stale');
  expect(readdirSync(scratch.path)).toEqual([]);
  const left = (allPids() ?? []).filter((pid) =>
    readEnviron(pid, ['COVEN_HOME'])?.COVEN_HOME?.startsWith(scratch.path),
  );
  expect(left).toEqual([]);
});
