import { resolveHome } from '../coven/layout.ts';
import { UsageError } from './usage.ts';

/** The home that a command line names. Throws a UsageError for one that nobody can mean. */
export function homeOf(option: unknown): ReturnType<typeof resolveHome> {
  if (option !== undefined && typeof option !== 'string') throw new UsageError('--home is given more than once');
  try {
    return resolveHome(option, process.env);
  } catch (error) {
    throw error instanceof RangeError ? new UsageError(error.message) : error;
  }
}
