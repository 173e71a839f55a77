import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, test } from 'vitest';
import { tasksOf } from '../src/host/tasks.ts';

test('a limit that no user comes near is not counted against', () => {
  expect(tasksOf(process.pid, null)?.by).not.toBe('user');
  expect(tasksOf(process.pid, 1_000_000)?.by).not.toBe('user');
});

test.skipIf(process.geteuid?.() !== 0)('the threads of every process of a user count against its limit', async () => {
  const uid = 64_123;
  const children = [1, 2].map(() =>
    spawn(process.execPath, ['-e', 'console.log(1); setInterval(() => {}, 1e6)'], {
      uid,
      stdio: ['ignore', 'pipe', 'ignore'],
    }),
  );
  try {
    await Promise.all(children.map((child) => once(child.stdout as NonNullable<typeof child.stdout>, 'data')));
    const tasks = tasksOf(children[0]?.pid ?? 0, 20);
    expect(tasks?.by).toBe('user');
    expect(tasks?.limit).toBe(20);
    // Each Node has some threads beside its first.
    expect(tasks?.used).toBeGreaterThan(2);
  } finally {
    for (const child of children) child.kill('SIGKILL');
    await Promise.all(children.map((child) => child.exitCode ?? child.signalCode ?? once(child, 'exit')));
  }
});
