import { UsageError } from './usage.ts';

/** The path that an option names; undefined where it is not given. Throws a UsageError for more than one, or none. */
export function once(name: string, value: unknown): string | undefined {
  if (value === undefined || (typeof value === 'string' && value !== '')) return value;
  throw new UsageError(`--${name} takes one path`);
}
