import { spawn } from 'node:child_process';
import { closeSync, constants, openSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { makeScratch } from '../host/scratch.ts';
import { daemonEnvironment } from './environment.ts';
import type { Coven } from './which.ts';

/** A daemon that was started and is watched until it answers or ends. */
export interface Started {
  readonly pid: number;
  /** How it ended; null while it lives. */
  readonly ended: () => number | NodeJS.Signals | null;
  /** The first line that it wrote to its standard error; empty when there is none. */
  readonly said: () => string;
  /** Asks it to stop. It is our own child, so that the number cannot be another process's. */
  readonly end: () => void;
  /** Lets it live on without us. */
  readonly leave: () => void;
}

/**
 * Starts `<coven> daemon serve` on a home, in a session of its own. Its standard error is a file without a name: a pipe
 * would break when we leave, and end it later.
 */
export async function spawnDaemon({ command: [file, ...args] }: Coven, home: string): Promise<Started> {
  const output = openNameless(home);
  const child = spawn(file, [...args, 'daemon', 'serve', '--managed-started-at', new Date().toISOString()], {
    env: daemonEnvironment(process.env, home),
    cwd: '/',
    detached: true,
    stdio: ['ignore', 'ignore', output],
  });
  await new Promise<void>((resolve, reject) => {
    child.once('spawn', resolve);
    child.once('error', reject);
  }).catch((error) => {
    closeSync(output);
    throw error;
  });
  return {
    pid: child.pid ?? 0,
    ended: () => child.signalCode ?? child.exitCode,
    said: () => {
      const text = Buffer.alloc(4096);
      const length = readSync(output, text, 0, text.length, 0);
      return text.toString('utf8', 0, length).trim().split('\n', 1)[0] ?? '';
    },
    end: () => void (child.pid !== undefined && child.kill('SIGTERM')),
    leave: () => {
      closeSync(output);
      child.unref();
    },
  };
}

function openNameless(home: string): number {
  const scratch = makeScratch(home, null, 'last');
  try {
    const flags = constants.O_RDWR | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
    return openSync(join(scratch.path, 'output'), flags, 0o600);
  } finally {
    scratch.remove();
  }
}
