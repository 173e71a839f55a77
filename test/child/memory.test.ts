import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { until } from '../../fixtures/real-coven.ts';
import { startChild } from '../../src/child/child.ts';

/** The limit of memory that the kernel holds for the child of this process that runs a program, once it runs it. */
function limitOf(name: string): string | undefined {
  const child = readdirSync('/proc').find((pid) => {
    try {
      const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
      const [, ppid] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      const [executable] = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
      return (
        Number(ppid) === process.pid &&
        executable === process.execPath &&
        readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(`dist/${name}.js`)
      );
    } catch {
      return false;
    }
  });
  return child && /^Max data size +(\S+)/m.exec(readFileSync(`/proc/${child}/limits`, 'utf8'))?.[1];
}

/** What V8 of Node 24 and later keeps for itself of what the limit counts. */
const reserved = Number.parseInt(process.versions.v8, 10) >= 13 ? 600 * 1024 ** 2 : 0;

// SQLite's own limit has no effect here: what holds is the kernel's.
test.each(['reader', 'judge', 'ledger', 'mender'] as const)(
  'the program %s, which opens ledgers that may be hostile, has a limit of memory',
  async (program) => {
    const child = startChild(program);
    try {
      await until(async () => limitOf(program) !== undefined);
      expect(limitOf(program)).toBe(String(1024 ** 3 + reserved));
    } finally {
      await child.kill();
    }
  },
);

test('a caller may give less', async () => {
  const child = startChild('reader', { memoryBytes: 256 * 1024 ** 2 });
  try {
    await until(async () => limitOf('reader') !== undefined);
    expect(limitOf('reader')).toBe(String(256 * 1024 ** 2 + reserved));
  } finally {
    await child.kill();
  }
});
