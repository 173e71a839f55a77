/** What every secret becomes. It needs no escape in JSON, YAML, TOML, XML or a URL's query. Source: Coven's own mark. */
export const mark = '[REDACTED]';

const statusWords = new Set(
  'expected identifier unexpected eof required optional expired invalid missing unset set not none null nil true false yes no empty redacted hidden undefined string number boolean object unknown incorrect wrong denied failed failure error errors ok valid accepted rejected revoked refreshed refresh rotated rotation found is was are must should cannot could has have had will may for from to in on at by with using please see enter type present absent disabled enabled default provided unavailable unauthorized forbidden requested granted issued created deleted updated changed checking check verify verified verification validation loading loaded reading skipped skipping ignored masked omitted and or but if when because str bytes int any pending mismatch mismatched malformed received sent needed configured supported unsupported exists updated ready stale fresh authentication authorization'.split(
    ' ',
  ),
);
const references =
  /^(?:\$\{[^}]*\}|\$\{\{.*\}\}|\$[A-Z_]{3,}|%[A-Z_]{3,}%|\{\{.*\}\}|<[a-z][a-z0-9 _-]*>|\*+|x{3,}|X{3,}|\.{3}|\u2026|process\.env\.\w+|os\.environ.*|secrets\.\w+|vault:.*|env:\w+)$/;
const code =
  /^(?:await |new )?[A-Za-z_$][\w$]*(?:(?:\.|::)[A-Za-z_$][\w$]*)+(?:[([].*)?[;,)]?$|^[A-Za-z_$][\w$]{0,40}\([^()]{0,60}\)[;,]?$/;

/** Whether a value under a secret-like name is plainly none: empty, a reference, a type, a status. */
export function isEmptyValue(value: string): boolean {
  return (
    value === '' || value === mark || references.test(value) || /^(?:null|none|nil|true|false|undefined)$/i.test(value)
  );
}

/** The same for a value without quotes, where prose is likelier: `token: expired`, `password = readline()`. */
export function isProse(value: string, name: string): boolean {
  const first = /^[A-Za-z]+(?=$|[\s.,;:!?)])/.exec(value)?.[0];
  if (first && statusWords.has(first.toLowerCase())) return true;
  if (/^[^\w$]{0,2}$/.test(value) || value.length < 3) return true;
  if (/^\d{1,5}$/.test(value) && !/passw|pwd|pin|secret/i.test(name)) return true;
  return code.test(value) && !/\d/.test(value);
}

const shapes: readonly RegExp[] = [
  /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/i,
  /^(?:sha\d+[:-])?(?:[0-9a-f]{32}|[0-9a-f]{40}|[0-9a-f]{64}|[0-9a-f]{7,12})$/i,
  /^v?\d+\.\d[\w.+-]*$/,
  /^\d{4}-\d\d-\d\d/,
  /^[~.]{0,2}\/[a-z_.-]{2,40}(?:\/|$)|^[A-Za-z]:\\|:\/\//,
  /^[a-z]+(?:[._:/-][a-z]+)*$/i,
];

/** Whether a text looks random: long enough, of mixed kinds, and no hash, UUID, version, date, path or words. */
export function looksRandom(value: string): boolean {
  if (value.length < 16 || value.length > 4096 || /[\s<>{}()]/.test(value)) return false;
  if (shapes.some((shape) => shape.test(value))) return false;
  if (!/\d/.test(value) || !/[A-Za-z]/.test(value)) return false;
  return entropy(value.slice(0, 256)) >= 3;
}

/** Bits a character, after Shannon. */
function entropy(text: string): number {
  const counts = new Map<string, number>();
  for (const char of text) counts.set(char, (counts.get(char) ?? 0) + 1);
  let bits = 0;
  for (const count of counts.values()) bits -= (count / text.length) * Math.log2(count / text.length);
  return bits;
}
