import { realpath, stat } from 'node:fs/promises';
import { basename, isAbsolute, join, resolve as resolvePath } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { resolve } from 'import-meta-resolve';
import { distrust, type Place } from './trust.ts';

/** A module that may be loaded. */
export interface Module {
  /** Its name in a report: the package, or the last part of the path. */
  readonly name: string;
  /** The real path of its file. */
  readonly path: string;
}

/** A module or check that cannot be used. The message is one line for the user. */
export class NotUsable extends Error {}

/**
 * Finds what `--checks` names: a file if it starts with `.` or `/`, else a package, resolved like an import in `cwd`.
 * Rejects with NotUsable if there is none or if it is not safe to run.
 */
export async function findModule(given: string, cwd: string, homes: readonly Place[]): Promise<Module> {
  const isPath = given.startsWith('.') || isAbsolute(given);
  const named = isPath ? resolvePath(cwd, given) : packageFile(given, cwd);
  const path = await realpath(named).catch(() => null);
  if (path === null) throw new NotUsable(`--checks ${given}: there is no such file`);
  if (!(await stat(path)).isFile()) throw new NotUsable(`--checks ${given}: not a file`);
  // Both the named path and the real path are checked: another user controls a link in their folder.
  const reason = (await distrust(named, homes)) ?? (await distrust(path, homes));
  if (reason) throw new NotUsable(`--checks ${given}: ${reason}`);
  return { name: isPath ? basename(path) : given, path };
}

function packageFile(name: string, cwd: string): string {
  try {
    return fileURLToPath(resolve(name, pathToFileURL(join(cwd, 'x')).href));
  } catch {
    throw new NotUsable(`--checks ${name}: no such package from here; a file is named with its path, as ./${name}`);
  }
}
