/** `1.5 GiB`: three figures at the most. */
export function bytes(value: unknown): string {
  if (typeof value !== 'number') return 'an unknown number of bytes';
  const units = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB'];
  const power = Math.min(units.length - 1, Math.floor(Math.log2(Math.max(1, value)) / 10));
  return `${Number((value / 1024 ** power).toPrecision(3))} ${units[power]}`;
}

/** `1 session`, `2 sessions`. */
export function count(value: unknown, one: string, many = `${one}s`): string {
  return `${value} ${value === 1 ? one : many}`;
}

/** `1,234,567`. */
export function grouped(value: number): string {
  const digits = String(Math.round(Math.abs(value)));
  const groups: string[] = [];
  for (let end = digits.length; end > 0; end -= 3) groups.unshift(digits.slice(Math.max(0, end - 3), end));
  return `${value < 0 ? '-' : ''}${groups.join(',')}`;
}

/** `0700`: the permission bits of a file. */
export const octal = (mode: number): string => `0${mode.toString(8)}`;

/** `2026-11-25 03:12:08 UTC`, from a time as Coven writes it in UTC. Any other value is returned as text. */
export const instant = (at: unknown): string =>
  String(at).replace(/^(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)(?:\.\d{1,9})?Z$/, '$1 $2 UTC');
