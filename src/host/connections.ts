import { readlinkSync } from 'node:fs';
import { allPids, descriptors, unixSocketsBelow } from './procfs.ts';

/** Connections to a socket of a home, and who may hold them. */
export interface Connections {
  readonly open: number;
  /** The process with the most sockets beside the daemon, and how many; null where none of them has half as many as are open. */
  readonly client: { readonly pid: number; readonly sockets: number } | null;
}

/** Fewer are nothing to speak of, and nobody is looked for. Source: Coven serves 64 at once, each in a thread of its own. */
const many = 48;

/**
 * Null where there are few. A client's end has no name, and nothing in /proc tells whose end belongs to which: whoever has about as many
 * sockets is named as the one that may hold them.
 */
export function connectionsTo(folder: string, daemon: number): Connections | null {
  const open = unixSocketsBelow(folder).filter(({ state }) => state === 'connected').length;
  if (open < many) return null;
  const others = (allPids() ?? []).filter((pid) => pid !== daemon);
  const most = others
    .map((pid) => ({ pid, sockets: socketsOf(pid) }))
    .reduce((best, next) => (next.sockets > best.sockets ? next : best), { pid: 0, sockets: 0 });
  return { open, client: most.sockets * 2 >= open ? most : null };
}

function socketsOf(pid: number): number {
  return (descriptors(pid) ?? []).filter((fd) => {
    try {
      return readlinkSync(`/proc/${pid}/fd/${fd}`).startsWith('socket:');
    } catch {
      return false;
    }
  }).length;
}
