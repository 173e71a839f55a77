import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, existsSync, readlinkSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { makeScratch } from '../fixtures/scratch.ts';
import { executable } from '../src/host/procfs.ts';

test.skipIf(!existsSync('/proc/self/exe'))(
  'a program is replaced where its file is gone, not where that merely could not be read (needs /proc)',
  async () => {
    await using scratch = await makeScratch();
    // The kernel writes this behind the path of a file that is gone.
    const program = join(scratch.path, 'sleep (deleted)');
    copyFileSync(readlinkSync('/proc/self/exe'), program);
    const child = spawn(program, ['-e', 'setInterval(() => {}, 1e6)'], { stdio: 'ignore' });
    const ended = once(child, 'exit');
    scratch.onEnd(async () => {
      child.kill('SIGKILL');
      await ended;
    });
    await once(child, 'spawn');
    const { pid = 0 } = child;
    expect(executable(pid)).toEqual({ path: program, gone: false });
    unlinkSync(program);
    expect(executable(pid)).toEqual({ path: `${program} (deleted)`, gone: true });
    // There is no such process, as its link cannot be read.
    expect(executable(2 ** 31 - 1)).toBeNull();
  },
);
