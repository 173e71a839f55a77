import { closeSync, constants, fstatSync, openSync, readSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { recordLimitBytes } from '../coven/contract.ts';
import { names } from '../coven/layout.ts';
import { writeWhole } from './private.ts';

/** Who a daemon is: the content of `daemon.json`, and `daemon` of a health answer. */
export interface Daemon {
  readonly pid: number;
  /** RFC 3339 with nine decimals; with a managed start, the time that the starter gave. */
  readonly startedAt: string;
  /** Absolute path of the socket. */
  readonly socket: string;
}

/** Publishes `daemon.json`, mode 0600, whole or not at all. */
export function writeRecord(home: string, daemon: Daemon): void {
  writeWhole(join(home, names.record), `${JSON.stringify(daemon, null, 2)}\n`);
}

/** Removes `daemon.json` if it still tells of this daemon. */
export function removeRecord(home: string, daemon: Daemon): void {
  const path = join(home, names.record);
  if (isDaemon(read(path), daemon)) unlinkSync(path);
}

/** Whether a value from outside names exactly this daemon. */
export function isDaemon(value: unknown, { pid, startedAt, socket }: Daemon): boolean {
  const named = value as Partial<Daemon> | null;
  return named?.pid === pid && named.startedAt === startedAt && named.socket === socket;
}

function read(path: string): unknown {
  try {
    const fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    try {
      const found = fstatSync(fd);
      if (!found.isFile() || found.size > recordLimitBytes) return null;
      const text = Buffer.alloc(found.size);
      readSync(fd, text);
      return JSON.parse(text.toString());
    } finally {
      closeSync(fd);
    }
  } catch {
    return null;
  }
}
