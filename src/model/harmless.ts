/**
 * Control, format and line-separating characters, halves of characters and non-characters: they could move a cursor, turn
 * a line around, hide text, or stand in no XML. And the second `#` of `##[command]` and `##vso[command]`, which the
 * runners of GitHub and Azure take as a command anywhere in a line.
 */
const dangerous = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\ufffe\uffff]|(?<=#)#(?=[a-z]*\[)/giu;

/** `text` on one line, its dangerous characters written as `\u{…}`. */
export function harmless(text: string): string {
  return text.replace(dangerous, (found) => `\\u{${found.codePointAt(0)?.toString(16)}}`);
}

/** JSON text whose dangerous characters are escaped; it stays the same JSON. */
export function harmlessJson(json: string): string {
  const escaped = (unit: string): string => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;
  return json.replace(dangerous, (found) => (found === '\n' ? found : found.split('').map(escaped).join('')));
}
