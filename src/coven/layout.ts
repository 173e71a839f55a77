import { homedir } from 'node:os';
import { join, resolve } from 'node:path';

/** Names inside a Coven home. Source: `coven config paths --json` and the files that Coven 0.4.6 leaves on disk. */
export const names = {
  ledger: 'coven.sqlite3',
  wal: 'coven.sqlite3-wal',
  shm: 'coven.sqlite3-shm',
  journal: 'coven.sqlite3-journal',
  socket: 'coven.sock',
  record: 'daemon.json',
  recoveryLog: 'daemon-recovery.log',
  stateLock: 'state.lock',
  lifecycleLock: 'daemon.lock',
  serveLock: 'daemon-serve.lock',
  schedulerLock: 'automations-scheduler.lock',
  resetMarker: 'reset-transaction.json',
} as const;

/** What SQLite keeps beside a ledger, and takes for a part of whatever main file lies there. */
export const ledgerParts: readonly string[] = [names.wal, names.shm];

/** The flock(2) files of a home; the holder of `serveLock` is the live daemon. */
export const lockNames = [names.serveLock, names.stateLock, names.lifecycleLock, names.schedulerLock] as const;

/** Files that Coven keeps at 0600, and folders that hold keys. */
const privateFiles: readonly string[] = [names.record, ...lockNames];
const privateFolders = ['keys', 'mobile'];

/** Whether an entry of a home is its owner's alone. The socket's mode is daemon:socket's business. */
export const isPrivate = (name: string): boolean =>
  privateFiles.includes(name) || privateFolders.some((top) => name === top || name.startsWith(`${top}/`));

/** Where a home's path came from. */
export type HomeSource = 'option' | 'environment' | 'default';

/**
 * The home that Coven would use: `--home`, else a non-empty `COVEN_HOME`, else `~/.coven`. Relative paths are made
 * absolute, as Coven makes them. Throws a RangeError for an empty `--home`, which nobody means.
 */
export function resolveHome(
  option: string | undefined,
  env: Readonly<Record<string, string | undefined>>,
): { readonly path: string; readonly source: HomeSource } {
  if (option !== undefined) {
    if (option.trim() === '') throw new RangeError('--home is empty; give the path of a Coven home');
    return { path: resolve(option), source: 'option' };
  }
  if (env.COVEN_HOME) return { path: resolve(env.COVEN_HOME), source: 'environment' };
  return { path: join(env.HOME || homedir(), '.coven'), source: 'default' };
}

/** Bytes that a Unix socket path may have, without its terminating NUL: 107 on Linux, 103 on macOS. */
export function socketPathLimit(platform: string): number {
  return platform === 'linux' ? 107 : 103;
}

/** The maintenance gate in a project's git folder. Source: files that Coven 0.4.6 leaves there. */
export const gateNames = { folder: 'coven-maintenance-gate', owner: 'owner', writers: 'writers' } as const;
