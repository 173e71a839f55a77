import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';

test('who waits for something that never comes gets the answer of the deadline, though nothing else keeps the process alive', () => {
  const program = `
    import { within } from '${new URL('../../src/deadline.ts', import.meta.url).href}';
    const never = new AbortController().signal;
    console.log(await within(new Promise(() => undefined), 20, never, () => 'late'));`;
  const { stdout, status } = spawnSync(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', program], {
    encoding: 'utf8',
  });
  expect([status, stdout]).toEqual([0, 'late\n']);
});
