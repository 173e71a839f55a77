import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { makeScratch } from '../fixtures/scratch.ts';
import { lastNames } from '../src/host/names.ts';

test('of a folder the last names are kept, and all that are wanted are counted', async () => {
  await using scratch = await makeScratch('memory');
  for (let n = 1000; n < 4000; n += 1) writeFileSync(join(scratch.path, `${n}.json`), '');
  mkdirSync(join(scratch.path, '9999'));
  const isJson = (name: string): boolean => name.endsWith('.json');
  expect(await lastNames(scratch.path, 3, isJson)).toEqual({
    names: ['3997.json', '3998.json', '3999.json'],
    count: 3000,
    complete: true,
  });
  expect(await lastNames(scratch.path, 1, () => true)).toEqual({ names: ['9999'], count: 3001, complete: true });
  await expect(lastNames(join(scratch.path, 'absent'), 1, isJson)).rejects.toMatchObject({ code: 'ENOENT' });
});

test('of more entries than are looked at, that is told', async () => {
  await using scratch = await makeScratch('memory');
  for (let n = 0; n < 101; n += 1) writeFileSync(join(scratch.path, `${n}`), '');
  const { names, count, complete } = await lastNames(scratch.path, 2, () => true, 100);
  expect({ names: names.length, count, complete }).toEqual({ names: 2, count: 100, complete: false });
});
