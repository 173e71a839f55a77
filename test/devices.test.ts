import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { diagnose } from '../fixtures/diagnose.ts';
import { makeHome } from '../fixtures/home.ts';
import { makeScratch } from '../fixtures/scratch.ts';

// Only root can mount.
test.runIf(process.geteuid?.() === 0).each([
  ['mount -t tmpfs none /dev/pts', 'no-terminals'],
  ['mount --bind "$0" /dev/null', 'no-null'],
])('%s: what a session takes is looked for before it is started', async (mount, code) => {
  await using scratch = await makeScratch();
  const file = join(scratch.path, 'file');
  writeFileSync(file, '');
  const through = ['unshare', '-m', 'sh', '-c', `${mount} && exec "$@"`, file];
  const { faults } = await diagnose(makeHome(join(scratch.path, 'home')), { through });
  expect(faults).toEqual([`home:access ${code} warn`, 'daemon stopped warn']);
});
