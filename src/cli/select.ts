import type { Check } from '../model/check.ts';
import { UsageError } from './usage.ts';

/** The checks named by --only, less those named by --skip; a family (`store`) names all its checks. */
export function selectChecks(
  all: readonly Check[],
  only: readonly string[],
  skip: readonly string[],
): readonly Check[] {
  const matches = ({ id, category }: Check, name: string): boolean => id === name || category === name;
  for (const name of [...only, ...skip]) {
    if (!all.some((check) => matches(check, name))) {
      throw new UsageError(`unknown check ${JSON.stringify(name)}; \`coven-doctor list\` names them all`);
    }
  }
  const selected = all.filter(
    (check) =>
      (only.length === 0 || only.some((name) => matches(check, name))) && !skip.some((name) => matches(check, name)),
  );
  if (selected.length === 0) throw new UsageError('--only and --skip leave no check to run');
  return selected;
}
