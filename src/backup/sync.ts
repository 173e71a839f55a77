import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, constants, fsyncSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { systemEnv, systemProgram } from '../programs.ts';

/** Above so many files, one flush of their file system is quicker than one of each, of several milliseconds. */
const manyFiles = 32;

/** Puts a file, or the names in a folder, on the disk. */
export function sync(path: string): void {
  const fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW);
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

/** Puts files and folders below `root` on the disk: the whole file system at once, by syncfs(2), where they are many. */
export async function syncAll(root: string, paths: readonly string[], signal: AbortSignal): Promise<void> {
  if (paths.length > manyFiles && (await syncFileSystem(root, signal))) return;
  for (const path of paths) {
    sync(join(root, path));
    await turn();
    signal.throwIfAborted();
  }
}

/** Node has no syncfs. False where sync(1) does not know it. */
async function syncFileSystem(root: string, signal: AbortSignal): Promise<boolean> {
  try {
    const child = spawn(systemProgram('sync'), ['-f', root], { stdio: 'ignore', env: systemEnv, cwd: '/' });
    const [code] = await once(child, 'exit', { signal }).finally(() => {
      // Only a child with a number was started.
      if (child.pid !== undefined && child.exitCode === null) child.kill('SIGKILL');
    });
    return code === 0;
  } catch {
    signal.throwIfAborted();
    return false;
  }
}
