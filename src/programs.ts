import { type SpawnSyncReturns, type StdioOptions, spawnSync } from 'node:child_process';
import { realpathSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** Folders of the system's own programs. The last is NixOS's, which has no other. */
const folders = ['/usr/bin', '/bin', '/usr/sbin', '/sbin', '/run/current-system/sw/bin'];

/** A PATH of the system's folders alone. */
export const systemPath = folders.join(':');

/** All that a program of the system is given: its messages are read, so they are in no other language. */
export const systemEnv: Readonly<Record<string, string>> = { PATH: systemPath, LC_ALL: 'C' };

const found = new Map<string, string>();

/**
 * The absolute path of a program of the system, whatever PATH says. Throws an error with the code ENOENT where none of
 * the system's folders has one that belongs to root and that nobody else can write to.
 */
export function systemProgram(name: string): string {
  const known = found.get(name);
  if (known !== undefined) return known;
  const path = folders.map((folder) => join(folder, name)).find(isTrusted);
  if (path === undefined)
    throw Object.assign(new Error(`${name}(1) is not in ${folders.slice(0, 4).join(', ')}`), { code: 'ENOENT' });
  found.set(name, path);
  return path;
}

/** Beyond what any of them needs on the busiest machine. */
const systemMs = 30_000;
const saidLimit = 64 * 1024;

/** Runs a program of the system to its end, with nothing of our environment; `error` tells why it did not run. */
export function runSystem(
  name: string,
  args: readonly string[],
  stdio: StdioOptions,
): Pick<SpawnSyncReturns<string>, 'status' | 'signal' | 'stdout' | 'stderr' | 'error'> {
  try {
    return spawnSync(systemProgram(name), args, {
      stdio,
      env: systemEnv,
      cwd: '/',
      encoding: 'utf8',
      timeout: systemMs,
      killSignal: 'SIGKILL',
      maxBuffer: saidLimit,
    });
  } catch (error) {
    return { status: null, signal: null, stdout: '', stderr: '', error: error as Error };
  }
}

/** Root's own number is another one in a user namespace; the root folder has its owner there. */
function isTrusted(path: string): boolean {
  try {
    const { uid, mode } = statSync(realpathSync(path));
    return (uid === 0 || uid === statSync('/').uid) && (mode & 0o022) === 0 && (mode & 0o111) !== 0;
  } catch {
    return false;
  }
}
