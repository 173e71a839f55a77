import { expect, test } from 'vitest';
import { bugReport } from '../src/terminal/bug-report.ts';

test('a bug is reported with its stack, without secrets and without power over the terminal', async () => {
  const key = ['ghp', 'A1b2C3d4E5f6G7h8I9j0K1l2M3n4O5p6Q7r8'].join('_');
  const text = await bugReport(new Error(`\u001b[2Jread ${key} and hunter2-hunter2`), { API_TOKEN: 'hunter2-hunter2' });
  expect(text).toMatch(/^coven-doctor: this is a bug of ours, please report it\nError: .*\n +at /);
  expect(text).not.toMatch(/\u001b|A1b2C3|hunter2/);
});
