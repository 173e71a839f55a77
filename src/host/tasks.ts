import { join } from 'node:path';
import { textOfProc } from './proc-file.ts';
import { allPids } from './procfs.ts';

/** Tasks that count against a limit of a process, of its user or of its control group. */
export interface Tasks {
  readonly used: number;
  readonly limit: number;
  readonly by: 'user' | 'control-group';
}

/** A limit above this is not counted against: no user of a machine with a daemon comes near. */
const countedLimit = 8192;

/**
 * The limit of tasks (processes and threads) that a process has least room under: RLIMIT_NPROC counts those of its user, and root is
 * exempt; pids.max counts those of its control group and of each above it. Null where there is none, or it cannot be seen.
 */
export function tasksOf(pid: number, limit: number | null): Tasks | null {
  const all = [ofUser(pid, limit), ...ofGroups(pid)].filter((tasks) => tasks !== null);
  return all.sort((a, b) => a.limit - a.used - (b.limit - b.used))[0] ?? null;
}

function ofUser(pid: number, limit: number | null): Tasks | null {
  const uid = uidOf(textOfProc(`/proc/${pid}/status`));
  if (limit === null || limit > countedLimit || uid === null || uid === 0) return null;
  let used = 0;
  for (const one of allPids() ?? []) {
    const status = textOfProc(`/proc/${one}/status`);
    if (uidOf(status) === uid) used += Number(/^Threads:\s+(\d+)/m.exec(status ?? '')?.[1] ?? 0);
  }
  return { used, limit, by: 'user' };
}

/** The real user, whose tasks the kernel counts. */
const uidOf = (status: string | null): number | null => {
  const uid = /^Uid:\s+(\d+)/m.exec(status ?? '')?.[1];
  return uid === undefined ? null : Number(uid);
};

/** Of version 2, or of the controller `pids` of version 1, at their usual places. Source: cgroups(7). */
function ofGroups(pid: number): readonly Tasks[] {
  const lines = textOfProc(`/proc/${pid}/cgroup`, 'utf8')?.split('\n') ?? [];
  const group = (start: RegExp): string | undefined => lines.find((line) => start.test(line))?.replace(start, '');
  const [two, one] = [group(/^0::/), group(/^\d+:(?:[^:]*,)?pids(?:,[^:]*)?:/)];
  return [
    ...(two === undefined ? [] : upwards('/sys/fs/cgroup', two)),
    ...(one === undefined ? [] : upwards('/sys/fs/cgroup/pids', one)),
  ];
}

function upwards(root: string, group: string): readonly Tasks[] {
  const found: Tasks[] = [];
  const parts = group.split('/').filter(Boolean);
  // A path from outside the own namespace begins with `..`.
  for (let count = parts.includes('..') ? -1 : parts.length; count >= 0; count -= 1) {
    const folder = join(root, ...parts.slice(0, count));
    const [limit, used] = [numberIn(join(folder, 'pids.max')), numberIn(join(folder, 'pids.current'))];
    if (limit !== null && used !== null) found.push({ used, limit, by: 'control-group' });
  }
  return found;
}

/** Null where it is `max`, or there is no such file. */
function numberIn(path: string): number | null {
  const text = textOfProc(path);
  return text !== null && /^\d+\s*$/.test(text) ? Number(text) : null;
}
