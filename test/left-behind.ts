// After the last test no process of the suite is left: one that a test forgot goes on for minutes, holds its locks, and
// keeps the output of the suite open.
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';

interface Process {
  readonly pid: number;
  readonly parent: number;
  readonly group: number;
  readonly command: string;
}

function read(pid: number): Process | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // A command may hold brackets and spaces.
    const [state, parent, group] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
    return state === 'Z' ? null : { pid, parent: Number(parent), group: Number(group), command };
  } catch {
    // It ended meanwhile, or there is no /proc.
    return null;
  }
}

/** Processes of our own group that nobody waits for: their parent ended before them. */
function orphans(): readonly Process[] {
  const own = read(process.pid);
  const pids = own ? readdirSync('/proc').filter((name) => /^\d+$/.test(name)) : [];
  const all = pids.flatMap((name) => read(Number(name)) ?? []);
  const known = new Set(all.map(({ pid }) => pid));
  const isAncestor = (pid: number): boolean => {
    for (let one = own; one && one.pid > 1; one = read(one.parent)) if (one.pid === pid) return true;
    return false;
  };
  return all.filter(
    ({ pid, parent, group }) => group === own?.group && (parent === 1 || !known.has(parent)) && !isAncestor(pid),
  );
}

export function setup(): () => Promise<void> {
  const before = new Set(orphans().map(({ pid }) => pid));
  return async () => {
    const left = (): readonly Process[] => orphans().filter(({ pid }) => !before.has(pid));
    // What was told to end may need a moment.
    for (let seconds = 0; seconds < 30 && left().length > 0; seconds += 1) await setTimeout(1000);
    if (left().length === 0) return;
    // vitest prints what a teardown throws, and ends with 0.
    process.exitCode = 1;
    throw new Error(
      `processes are left behind: ${left()
        .map(({ pid, command }) => `${pid} ${command}`)
        .join('; ')}`,
    );
  };
}
