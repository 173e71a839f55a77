import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { makeScratch } from '../fixtures/scratch.ts';
import { readToml } from '../src/host/read-toml.ts';

test('a file that is written anew between two readings is no error of the check that reads it again', async () => {
  await using scratch = await makeScratch();
  const path = join(scratch.path, 'repos.toml');
  expect(await readToml(path)).toBe(null);
  writeFileSync(path, '[repos.a]\npath = "/x');
  expect(await readToml(path)).toBe(null);
  writeFileSync(path, '[repos.a]\npath = "/x"\n');
  expect(await readToml(path)).toEqual({ repos: { a: { path: '/x' } } });
});
