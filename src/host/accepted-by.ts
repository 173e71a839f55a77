import { once } from 'node:events';
import { connect } from 'node:net';
import { basename, dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { effortOf } from '../child/effort.ts';
import { descriptor, descriptors, type UnixSocket, unixSocketsBelow } from './procfs.ts';

const acceptMs = 2000;
const pauseMs = 5;
const request = 'GET /api/v1/health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n';

/**
 * Which of `pids` takes up a connection to a socket: what SO_PEERCRED tells Coven, which refuses an answer that names another. The
 * socket that accept(2) makes carries the name that its listener was bound at, so it is the new one among those of the home.
 * `daemon` is taken at its word only where none of the others took up one. Null where none was seen to. Never rejects.
 */
export async function whoAccepts(
  path: string,
  pids: readonly number[],
  daemon: number,
  ignored: ReadonlySet<string>,
  signal: AbortSignal,
): Promise<number | null> {
  const accepted = (): readonly UnixSocket[] =>
    unixSocketsBelow(dirname(path)).filter(
      ({ state, bound }) => state === 'connected' && !ignored.has(basename(bound)),
    );
  const before = new Set(accepted().map(({ inode }) => inode));
  const limit = effortOf(daemon)(acceptMs, signal);
  const client = connect(path);
  client.on('error', () => limit.done());
  try {
    await once(client, 'connect', { signal: limit.signal });
    let by: readonly number[] = [];
    while (by.length === 0 && !limit.signal.aborted) {
      const fresh = new Set(accepted().flatMap(({ inode }) => (before.has(inode) ? [] : [`socket:[${inode}]`])));
      by = fresh.size === 0 ? [] : pids.filter((pid) => descriptors(pid)?.some((fd) => fresh.has(descriptor(pid, fd))));
      if (by.length === 0) await sleep(pauseMs);
    }
    // A connection that says nothing would be written to Coven's log as a fault.
    client.resume().write(request);
    if (!limit.signal.aborted) await once(client, 'close', { signal: limit.signal });
    return by.find((pid) => pid !== daemon) ?? by[0] ?? null;
  } catch {
    return null;
  } finally {
    limit.done();
    client.destroy();
  }
}
