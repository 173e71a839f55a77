import { accessSync, constants, realpathSync, statSync } from 'node:fs';
import { delimiter, dirname, isAbsolute, join, resolve } from 'node:path';
import { launcherAt } from '../host/launcher.ts';
import { readPackage } from '../host/npm-package.ts';
import { executable, readArgv } from '../host/procfs.ts';
import { packageRoot, tool } from '../package.ts';

/** The Coven that serves a home, or would. */
export interface Coven {
  /** The minimal daemon of this package, or another Coven's command line program. */
  readonly kind: 'minimal' | 'other';
  /** The argument vector that `daemon …` is appended to. */
  readonly command: readonly [file: string, ...args: string[]];
  /** What decided: the option, the running process, PATH, or that there is no other. */
  readonly by: 'option' | 'process' | 'path' | 'none';
}

/** The name by which `--daemon-command` asks for this package's own daemon. */
export const minimalName = 'minimal';

/**
 * Decides which Coven a home belongs to: the one that was asked for, else the one whose daemon runs, else the first
 * `coven` on PATH that is not this package, else this package's own. Throws a RangeError when what was asked for is no
 * executable file.
 */
export function whichCoven(
  asked: string | undefined,
  runningPid: number | null,
  env: Readonly<Record<string, string | undefined>>,
): Coven {
  if (asked === minimalName) return minimal('option');
  if (asked !== undefined) {
    const file = asked.includes('/') ? resolve(asked) : findOnPath(asked, env.PATH ?? '');
    if (!file || !isExecutable(file))
      throw new RangeError(`--daemon-command ${JSON.stringify(asked)} is not an executable file`);
    return isOurs(file) ? minimal('option') : { kind: 'other', command: [file], by: 'option' };
  }
  const running = runningPid === null ? null : ofProcess(runningPid);
  if (running) return running;
  const found = findOnPath('coven', env.PATH ?? '');
  return found ? { kind: 'other', command: [found], by: 'path' } : minimal('none');
}

function minimal(by: Coven['by']): Coven {
  return { kind: 'minimal', command: [process.execPath, join(packageRoot, 'dist', 'coven.js')], by };
}

/**
 * A daemon under node is known by its script, any other by its executable, which may be gone from the disk. What does
 * not call itself `daemon serve` is no daemon, whatever the answer on the socket claimed: its program is not run.
 */
function ofProcess(pid: number): Coven | null {
  const argv = readArgv(pid) ?? [];
  if (!argv.some((word, index) => word === 'daemon' && argv[index + 1] === 'serve')) return null;
  const [, script] = argv;
  if (script && isAbsolute(script) && isOurs(script)) return minimal('process');
  const { path: file, gone } = executable(pid) ?? { path: '', gone: true };
  return !gone && isExecutable(file) && realPath(file) !== realPath(process.execPath)
    ? { kind: 'other', command: [file], by: 'process' }
    : null;
}

/** Relative folders of PATH are passed over: they would let a project bring its own `coven`. */
function findOnPath(name: string, path: string): string | null {
  const files = path
    .split(delimiter)
    .filter(isAbsolute)
    .map((folder) => join(folder, name));
  return files.find((file) => isExecutable(file) && !isOurs(file)) ?? null;
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    return false;
  }
}

/**
 * Whether a file belongs to an installation of this package, as under npx, or is a launcher of ours, which would come back
 * here.
 */
function isOurs(file: string): boolean {
  if (launcherAt(file)) return true;
  let folder = dirname(realPath(file));
  let found = readPackage(folder);
  // `dist` has one without a name, which only tells Node how to read its files.
  while ((found === null || (found !== 'unreadable' && found.name === undefined)) && folder !== dirname(folder)) {
    folder = dirname(folder);
    found = readPackage(folder);
  }
  return found !== null && found !== 'unreadable' && found.name === tool().name;
}

function realPath(file: string): string {
  try {
    return realpathSync(file);
  } catch {
    return file;
  }
}
