import { join } from 'node:path';
import { names, resolveHome } from '../../coven/layout.ts';
import { lookNow } from '../../host/files.ts';
import { canAsk } from '../../terminal/can-ask.ts';
import { UsageError } from '../../terminal/usage.ts';

/** The home of a command line, and how commands about it are to be typed there. */
export interface Named extends ReturnType<typeof resolveHome> {
  readonly unattended: boolean;
}

/** The same, of a command that makes none: a home that was named and is not there was mistyped. */
export function namedHome(option: unknown): Named {
  const home = homeOf(option);
  if (home.source === 'option' && isAbsent(home.path)) {
    // As of a line of a file that was written on Windows.
    const meant = home.path.trim();
    const also =
      meant !== home.path && !isAbsent(meant)
        ? `; ${meant} is there, without the space or carriage return around that`
        : '';
    throw new UsageError(`there is no Coven home at ${home.path}${also}`);
  }
  return { ...home, unattended: !canAsk(process.stdout) };
}

/** False where the home that is meant without an option has no ledger. */
export function mayHaveLedger(): boolean {
  try {
    return lookNow(join(resolveHome(undefined, process.env).path, names.ledger)) !== null;
  } catch {
    return true;
  }
}

/** False where it cannot be told. */
function isAbsent(path: string): boolean {
  try {
    return lookNow(path) === null;
  } catch {
    return false;
  }
}

/** The home that a command line names. Throws a UsageError for one that nobody can mean. */
export function homeOf(option: unknown): ReturnType<typeof resolveHome> {
  if (option !== undefined && typeof option !== 'string') throw new UsageError('--home is given more than once');
  try {
    return resolveHome(option, process.env);
  } catch (error) {
    throw error instanceof RangeError ? new UsageError(error.message) : error;
  }
}
