/** Control, line-separating and direction-changing characters: they could move a cursor or turn a line around. */
const dangerous = /[\u0000-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g;

/** `text` on one line, its dangerous characters written as `\u{…}`. */
export function harmless(text: string): string {
  return text.replace(dangerous, (found) => `\\u{${found.codePointAt(0)?.toString(16)}}`);
}

/** JSON text whose dangerous characters are escaped; it stays the same JSON. */
export function harmlessJson(json: string): string {
  return json.replace(dangerous, (found) =>
    found === '\n' ? found : `\\u${found.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

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
