/** Texts of a key file that are at least this long are searched for. A shorter one is, only if it is the whole file. */
const shortestWord = 16;

/** The values in a key file, whole and word by word. Names of its fields are not values. */
export function valuesIn(bytes: Buffer): readonly string[] {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes).trim();
  } catch {
    return [bytes.toString('base64').replace(/={0,2}$/, ''), bytes.toString('hex')];
  }
  const parsed = parsedJson(text);
  if (parsed !== undefined) return textsOf(parsed).flatMap((value) => [value, ...wordsOf(value)]);
  const values = text.split('\n').map(withoutName);
  const words = values.flatMap(wordsOf);
  return values.length > 1 ? words : [...values, ...words];
}

function parsedJson(text: string): unknown {
  if (!/^[[{"]/.test(text)) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function textsOf(value: unknown): readonly string[] {
  if (typeof value === 'string') return [value];
  if (typeof value === 'number') return [String(value)];
  return value !== null && typeof value === 'object' ? Object.values(value).flatMap(textsOf) : [];
}

/** The value in `name: value`, `"name": "value"` and `export NAME=value`. */
const withoutName = (line: string): string =>
  line
    .replace(/^[ \t]*(?:export[ \t]+)?["']?[A-Za-z_][\w .-]{0,80}["']?[ \t]{0,8}(?::(?=[ \t])|=(?!=?$))[ \t]*/, '')
    .trim();

const wordsOf = (value: string): readonly string[] =>
  value.split(/[\s"'`,;:={}[\]()<>]+/).filter((word) => word.length >= shortestWord && !/^[A-Za-z-]+$/.test(word));
