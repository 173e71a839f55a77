import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { until } from '../../fixtures/real-coven.ts';
import { startJob } from '../../src/store/ask.ts';
import { type JobName, limits } from '../../src/store/protocol.ts';

/** The limit of memory that the kernel holds for the child of this process that does a job, once it is at it. */
function limitOf(job: string): string | undefined {
  const child = readdirSync('/proc').find((pid) => {
    try {
      const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
      const [, ppid] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      const [executable] = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
      return (
        Number(ppid) === process.pid &&
        executable === process.execPath &&
        /dist\/ledger\.js\0.*\0(.+)\0$/.exec(readFileSync(`/proc/${pid}/cmdline`, 'utf8'))?.[1] === job
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
test.each(Object.entries(limits))(
  'the job %s, whose ledger may be hostile, has a limit of memory',
  async (job, { memoryBytes }) => {
    expect(memoryBytes).toBeLessThanOrEqual(2 * 1024 ** 3);
    const process = startJob(job as JobName);
    try {
      await until(async () => limitOf(job) !== undefined);
      expect(limitOf(job)).toBe(String(memoryBytes + reserved));
    } finally {
      await process.kill();
    }
  },
);
