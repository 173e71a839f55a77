import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { readMounts } from './observations/home-filesystem.ts';
import { textOfProc } from './proc-file.ts';

/** How each version of control groups tells that it stands, that it made it stand, and where that is undone. Source: cgroups(7), kernel docs. */
interface Freezer {
  readonly file: string;
  readonly isFrozen: (folder: string) => boolean;
  readonly isCause: (folder: string) => boolean;
}
const versions: Readonly<Record<'cgroup' | 'cgroup2', Freezer>> = {
  cgroup: {
    file: 'freezer.state',
    isFrozen: (folder) => /^FR/.test(read(folder, 'freezer.state')),
    isCause: (folder) => read(folder, 'freezer.self_freezing').startsWith('1'),
  },
  cgroup2: {
    file: 'cgroup.freeze',
    isFrozen: (folder) => /^frozen 1$/m.test(read(folder, 'cgroup.events')),
    isCause: (folder) => read(folder, 'cgroup.freeze').startsWith('1'),
  },
};
const mostLevels = 64;

/**
 * The file by which a process is frozen: of its control group, or of the one above it that was frozen. Null where it is not, or
 * that cannot be seen. A frozen process is in no state of its own: it waits (D), or seems to sleep (S).
 */
export function frozenBy(pid: number): string | null {
  const groups = textOfProc(`/proc/${pid}/cgroup`, 'utf8')?.split('\n') ?? [];
  for (const [version, freezer] of Object.entries(versions)) {
    const isOf = version === 'cgroup' ? /^\d+:(?:[^:]*,)?freezer(?:,[^:]*)?:(\/.*)$/ : /^0::(\/.*)$/;
    const path = groups.map((line) => isOf.exec(line)?.[1]).find((found) => found !== undefined);
    if (path === undefined || path.includes('/..')) continue;
    const mount = readMounts()?.find(
      ({ type, options }) => type === version && (version === 'cgroup2' || options.includes('freezer')),
    );
    if (!mount) continue;
    let folder = join(mount.point, path);
    if (!freezer.isFrozen(folder)) continue;
    for (
      let level = 0;
      level < mostLevels && !freezer.isCause(folder) && folder.length > mount.point.length;
      level += 1
    )
      folder = dirname(folder);
    return join(folder, freezer.file);
  }
  return null;
}

function read(folder: string, name: string): string {
  try {
    return readFileSync(join(folder, name), 'latin1');
  } catch {
    return '';
  }
}
