/** How much of a JSON text is believed. */
export interface JsonLimits {
  readonly values: number;
  readonly levels: number;
}

/** 250,000 values take some 50 MB, and hardly any document of Coven's or ours has a tenth of them. */
const usual: JsonLimits = { values: 250_000, levels: 200 };

/** The text has more values, or deeper ones, than any document that is meant to be read. */
export class TooMuchJson extends SyntaxError {}

/**
 * `JSON.parse` for text that may be an attacker's. A megabyte of `{},{},…` becomes a hundred megabytes of objects, so values
 * and levels are counted in one pass before anything is made of them. Throws a SyntaxError, as `JSON.parse` does.
 */
export function parseJson(text: string, reviver?: (key: string, value: unknown) => unknown): unknown {
  countValues(text, usual);
  return JSON.parse(text, reviver);
}

/** The fields of a text that is one JSON object, of which a few bytes were read; null for every other text. */
export function fieldsOf(text: string): Readonly<Record<string, unknown>> | null {
  try {
    const value: unknown = JSON.parse(text);
    return value !== null && typeof value === 'object' ? (value as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}

/** How many values a text may have. Throws where they, or the levels, are too many; what is no JSON is left to the parser. */
export function countValues(text: string, limits: JsonLimits): number {
  // Each value takes two bytes at least, with what parts it from the next.
  if (text.length < Math.min(limits.values, limits.levels)) return text.length;
  let values = 1;
  let depth = 0;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === 0x22) at = endOfString(text, at);
    else if (code === 0x2c) values += 1;
    else if (code === 0x7b || code === 0x5b) {
      values += 1;
      depth += 1;
    } else if (code === 0x7d || code === 0x5d) depth -= 1;
    if (values > limits.values || depth > limits.levels)
      throw new TooMuchJson(`more than ${limits.values} values, or more than ${limits.levels} levels`);
  }
  return values;
}

/** The quote that ends the string which opens at `from`, or the end of the text. */
function endOfString(text: string, from: number): number {
  for (let at = from + 1; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === 0x5c) at += 1;
    else if (code === 0x22) return at;
  }
  return text.length;
}
