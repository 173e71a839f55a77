import { existsSync, readdirSync, readlinkSync, statSync } from 'node:fs';
import { readOwned, readProc, textOfProc } from './proc-file.ts';

/** One process as /proc/PID/stat and the owner of its folder tell it. */
export interface Stat {
  readonly pid: number;
  readonly ppid: number;
  readonly session: number;
  readonly state: string;
  readonly startTicks: string;
  readonly uid: number;
  /** A thread of the kernel: it has no program, environment or files. */
  readonly kernel: boolean;
}

/** Kernel clock ticks a second, as every Linux that Node runs on reports them to user space. */
const ticksPerSecond = 100;

/** Of a thread of the kernel. Source: PF_KTHREAD in linux/sched.h. */
const kernelFlag = 0x0020_0000;

const statLimit = 4096;
const argvLimit = 16_384;
/** The kernel's own limit for arguments and environment together is a quarter of the stack, 2 MiB by default. */
const environLimit = 2 * 1024 ** 2;

/** Pids of /proc, or null where there is none. */
export function allPids(): readonly number[] | null {
  try {
    return readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .map(Number);
  } catch {
    return null;
  }
}

/** Null for a process that is gone. */
export function readStat(pid: number): Stat | null {
  const found = readOwned(`/proc/${pid}/stat`, statLimit);
  if (!found) return null;
  const text = found.bytes.toString('latin1');
  // The command name may hold spaces and parentheses; the last one ends it.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ', 20);
  const kernel = (Number(fields[6]) & kernelFlag) !== 0;
  // The owner of the file is root where a process made itself unreadable; its status names the real one.
  const uid = found.uid === 0 && !kernel ? realUid(pid) : found.uid;
  if (uid === null) return null;
  return {
    pid,
    state: fields[0] ?? '?',
    ppid: Number(fields[1]),
    session: Number(fields[3]),
    startTicks: fields[19] ?? '0',
    uid,
    kernel,
  };
}

function realUid(pid: number): number | null {
  const status = textOfProc(`/proc/${pid}/status`);
  return status === null ? null : Number(/^Uid:\s+(\d+)/m.exec(status)?.[1] ?? 0);
}

/** The inode of the pid namespace that pids count in here, 0 where there are none. */
export function pidNamespace(): string {
  try {
    return /\d+/.exec(readlinkSync('/proc/self/ns/pid'))?.[0] ?? '0';
  } catch {
    return '0';
  }
}

/** The number of a process in its own pid namespace; the same where it is in ours, or is gone. */
export function innerPid(pid: number): number {
  const numbers = /^NSpid:\s+(.*)$/m.exec(textOfProc(`/proc/${pid}/status`) ?? '')?.[1];
  return Number(numbers?.split(/\s+/).at(-1) ?? pid);
}

let ownMounts: string | undefined;

/** What a path of a process leads to, in our view: in a container it counts from the container's own root. */
export function pathOf(pid: number, path: string): string {
  try {
    ownMounts ??= readlinkSync('/proc/self/ns/mnt');
    return readlinkSync(`/proc/${pid}/ns/mnt`) === ownMounts ? path : `/proc/${pid}/root${path}`;
  } catch {
    return path;
  }
}

/** Milliseconds since the epoch at which the machine was started, or null. */
export function bootTime(): number | null {
  const line = /^btime (\d+)$/m.exec(textOfProc('/proc/stat') ?? '');
  return line ? Number(line[1]) * 1000 : null;
}

export function startedAt(startTicks: string, boot: number | null): string | null {
  return boot === null ? null : new Date(boot + (Number(startTicks) / ticksPerSecond) * 1000).toISOString();
}

/** Arguments of a process, cut at 16 KiB; null where they cannot be read. */
export function readArgv(pid: number): readonly string[] | null {
  return readProc(`/proc/${pid}/cmdline`, argvLimit)?.toString().split('\0').filter(Boolean) ?? null;
}

/** Values of the named environment variables alone: no other value is kept. Null where it may not be read. */
export function readEnviron(pid: number, wanted: readonly string[]): Readonly<Record<string, string>> | null {
  const bytes = readProc(`/proc/${pid}/environ`, environLimit);
  if (!bytes) return null;
  const found: Record<string, string> = {};
  for (const name of wanted) {
    const value = valueIn(bytes, `${name}=`);
    if (value !== null) found[name] = value;
  }
  return found;
}

/** Of the first entry that begins so: entries end with a null byte. */
function valueIn(entries: Buffer, start: string): string | null {
  const isFirst = entries.toString('latin1', 0, start.length) === start;
  const at = isFirst ? 0 : entries.indexOf(`\0${start}`, 0, 'latin1') + 1;
  if (at === 0 && !isFirst) return null;
  const end = entries.indexOf(0, at);
  return entries.toString('utf8', at + start.length, end === -1 ? entries.length : end);
}

/** Where a descriptor leads: `/dev/pts/0 (deleted)`, `socket:[5718]`. Empty where it cannot be told. */
export function descriptor(pid: number, fd: number): string {
  try {
    return readlinkSync(`/proc/${pid}/fd/${fd}`);
  } catch {
    return '';
  }
}

/** Whether a standard stream is a pseudo terminal whose master is gone. */
export function hasDeadTerminal(pid: number): boolean {
  return [0, 1, 2].some((fd) => /^\/dev\/pts\/\d+ \(deleted\)$/.test(descriptor(pid, fd)));
}

/** Numbers of a process's open descriptors, or null where they may not be read. */
export function descriptors(pid: number): readonly number[] | null {
  try {
    return readdirSync(`/proc/${pid}/fd`).map(Number);
  } catch {
    return null;
  }
}

/** Whether a descriptor carries a flock on the file with this inode. Source: proc(5), /proc/PID/fdinfo. */
export function holdsLock(pid: number, fd: number, inode: string): boolean {
  const info = textOfProc(`/proc/${pid}/fdinfo/${fd}`) ?? '';
  return info
    .split('\n')
    .some((line) => line.startsWith('lock:') && line.includes('FLOCK') && line.includes(`:${inode} `));
}

/** Device and inode of everything that a process has open, or null where that may not be read. */
export function openFiles(pid: number): readonly { dev: string; ino: string }[] | null {
  return (
    descriptors(pid)?.flatMap((fd) => {
      try {
        const stat = statSync(`/proc/${pid}/fd/${fd}`, { bigint: true });
        return { dev: String(stat.dev), ino: String(stat.ino) };
      } catch {
        return [];
      }
    }) ?? null
  );
}

/**
 * Inodes of listening Unix sockets that were bound below `folder`. Coven binds at a staging name and publishes it as
 * coven.sock by a link, so the bound name tells the home and not the file.
 */
export const listenersBelow = (folder: string): ReadonlySet<string> =>
  new Set(unixSocketsBelow(folder).flatMap(({ state, inode }) => (state === 'listening' ? [inode] : [])));

export interface UnixSocket {
  readonly inode: string;
  /** Where it, or the listener that made it, was bound. */
  readonly bound: string;
  readonly state: 'listening' | 'connected' | 'other';
}

/** The state of a socket that is connected, in hexadecimal. Source: linux/net.h, SS_CONNECTED. */
const connected = '03';

/** Unix sockets with a name right below `folder`. */
export function unixSocketsBelow(folder: string): readonly UnixSocket[] {
  const found: UnixSocket[] = [];
  for (const line of textOfProc('/proc/net/unix', 'utf8')?.split('\n') ?? []) {
    if (!line.includes(`${folder}/`)) continue;
    const match = /^\S+ \S+ \S+ (\S+) \S+ (\S+) +(\d+) (.+)$/.exec(line);
    const [, flags = '0', status, inode = '', bound = ''] = match ?? [];
    if (!bound.startsWith(`${folder}/`) || bound.slice(folder.length + 1).includes('/')) continue;
    const accepts = (Number.parseInt(flags, 16) & 0x10000) !== 0;
    found.push({ inode, bound, state: accepts ? 'listening' : status === connected ? 'connected' : 'other' });
  }
  return found;
}

/** The file that a process runs, and whether that is gone from the disk or replaced there; null where it may not be seen. */
export function executable(pid: number): { readonly path: string; readonly gone: boolean } | null {
  try {
    const path = readlinkSync(`/proc/${pid}/exe`);
    // A file may be called so as well.
    return { path, gone: path.endsWith(' (deleted)') && !existsSync(path) };
  } catch {
    return null;
  }
}

/** Whether the folder that a process works in was removed: what it writes there has no name any more. */
export function isFolderGone(pid: number): boolean {
  try {
    const path = readlinkSync(`/proc/${pid}/cwd`);
    return path.endsWith(' (deleted)') && !existsSync(path);
  } catch {
    return false;
  }
}

/** The systemd service that a process runs in, unless we run in the same one; null where there is none. */
export function supervisor(pid: number): { readonly name: string; readonly user: boolean } | null {
  const group = cgroup(pid);
  const name = group?.split('/').at(-1);
  if (!group || !name?.endsWith('.service') || /^user@\d+\.service$/.test(name) || group === cgroup(process.pid))
    return null;
  return { name, user: /\/user@\d+\.service\//.test(group) };
}

function cgroup(pid: number): string | null {
  const lines = textOfProc(`/proc/${pid}/cgroup`, 'utf8')?.split('\n');
  const line = lines?.find((line) => line.startsWith('0::')) ?? lines?.find((line) => line.includes(':name=systemd:'));
  return line?.split(':').slice(2).join(':') ?? null;
}
