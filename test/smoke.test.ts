import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { expect, test } from 'vitest';

const smoke = fileURLToPath(new URL('smoke/smoke.mjs', import.meta.url));

test('the packed tarball works for another user, in a folder that may not be written to, without HOME, scripts or with pnpm', async () => {
  const { stdout, stderr, exitCode } = await execa(process.execPath, [smoke, '--fast'], { reject: false });
  const skipped = stdout.split('\n').filter((line) => line.startsWith('skip'));
  if (skipped.length > 0) console.log(skipped.join('\n'));
  expect(`${stdout}\n${stderr}`).toContain('The package works.');
  expect(exitCode).toBe(0);
});
