// A limit for another process counts what it does, and not what a busy machine keeps it from.
import { spawn } from 'node:child_process';
import { expect, test } from 'vitest';
import { costOf, effortOf, family } from '../../src/child/effort.ts';

const start = (script: string) => spawn('/bin/sh', ['-c', script], { stdio: 'ignore', detached: true });

function end({ pid }: { readonly pid?: number | undefined }): void {
  try {
    if (pid !== undefined) process.kill(-pid, 'SIGKILL');
  } catch {
    // It has ended.
  }
}

/** Resolves when its limit is over. */
async function overAfter(child: ReturnType<typeof start>, milliseconds: number): Promise<void> {
  const limit = effortOf(child.pid)(milliseconds);
  limit.hold();
  try {
    if (!limit.signal.aborted) await new Promise((resolve) => limit.signal.addEventListener('abort', resolve));
  } finally {
    limit.done();
    end(child);
  }
}

test('a process that wants nothing of the machine is over its limit after that time', async () => {
  await overAfter(start('exec sleep 1000'), 200);
});

test('one that computes is over it when it has computed for so long, in a process that it started, too', async () => {
  await overAfter(start('while :; do :; done'), 200);
  const outer = start('(while :; do :; done) & echo; wait');
  await overAfter(outer, 200);
});

test('one that has ended is over it', async () => {
  const child = start('exit 0');
  await new Promise((resolve) => child.once('exit', resolve));
  await overAfter(child, 100);
});

test.runIf(process.platform === 'linux')('one that is ready and is given no processor uses nothing of it', async () => {
  const child = start('while :; do :; done');
  try {
    const first = family(child.pid ?? 0);
    expect(first?.isReady).toBe(true);
    expect(costOf({ cpuMs: 40, isReady: true }, 40)).toBe(0);
    expect(costOf({ cpuMs: 60, isReady: true }, 40)).toBe(20);
    expect(costOf({ cpuMs: 40, isReady: false }, 40)).toBe(50);
    expect(costOf({ cpuMs: 9000, isReady: true }, 40)).toBe(50);
  } finally {
    end(child);
  }
});
