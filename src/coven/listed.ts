import type { Facts } from '../model/check.ts';

/** As many names as a screen shows of entries with the same fault. */
const most = 8;

/** The first names of a list as one fact. A name with a comma is not among them, since it could not be told from two. */
export const listNames = (entries: readonly { readonly name: string }[]): string =>
  entries
    .map(({ name }) => name)
    .filter((name) => !name.includes(','))
    .slice(0, most)
    .join(', ');

/** The names in such a fact. */
export const listed = (names: Facts[string] | undefined): readonly string[] =>
  typeof names === 'string' && names !== '' ? names.split(', ') : [];

/** `a, b and 3 more`: as many as are named, of `count`. */
export const sayListed = (count: Facts[string] | undefined, names: readonly string[]): string =>
  Number(count) > names.length ? `${names.join(', ')} and ${Number(count) - names.length} more` : names.join(', ');
