import type { Check } from '../../model/check.ts';
import { didYouMean } from '../../terminal/suggest.ts';
import { UsageError } from '../../terminal/usage.ts';

/** A check that nobody knows, with the id that may have been meant. */
export function unknownCheck(name: string, all: readonly Check[]): UsageError {
  // `explain` takes one check, and a family was named.
  const family = all.filter(({ id, category }) => category === name || id.startsWith(`${name}:`));
  if (family.length > 0)
    return new UsageError(
      `${JSON.stringify(name)} names ${family.length} checks: ${family.map(({ id }) => id).join(', ')}`,
    );
  const near = didYouMean(
    name,
    all.flatMap(({ id, category }) => [id, category]),
  );
  return new UsageError(`unknown check ${JSON.stringify(name)}${near || '; `coven-doctor list` shows them all'}`);
}

/** The checks named by --only, less those named by --skip; a family (`store`) names all its checks. */
export function selectChecks(
  all: readonly Check[],
  only: readonly string[],
  skip: readonly string[],
): readonly Check[] {
  const matches = ({ id, category }: Check, name: string): boolean => id === name || category === name;
  for (const name of [...only, ...skip]) {
    if (!all.some((check) => matches(check, name))) {
      throw unknownCheck(name, all);
    }
  }
  const selected = all.filter(
    (check) =>
      (only.length === 0 || only.some((name) => matches(check, name))) && !skip.some((name) => matches(check, name)),
  );
  if (selected.length === 0) throw new UsageError('--only and --skip leave no check to run');
  return selected;
}
