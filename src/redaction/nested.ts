import { closeOf } from './quotes.ts';

/** An unescaped text: its bytes (latin1), and the offset of each byte, and of its end, in the text around it. */
export interface Nested {
  readonly text: string;
  readonly places: Int32Array;
}

const controls: Record<string, string> = { n: '\n', r: '\r', t: '\t', b: '\b', f: '\f' };
const escapedLineEnd = /\\[nr]/;

/**
 * The double-quoted strings of `[from, end)` that hold several lines, unescaped: what is secret in such a text is
 * decided by its own lines and columns. `isWanted` is asked about the place of each.
 */
export function* nestedTexts(
  text: string,
  from: number,
  end: number,
  isWanted: (from: number, to: number) => boolean,
): Generator<Nested> {
  for (let open = quoteIn(text, from, end); open >= 0; ) {
    const close = closeOf(text, open + 1, end, '"');
    const to = close < 0 ? end : close;
    if (isWanted(open + 1, to) && escapedLineEnd.test(text.slice(open + 1, to))) yield unescaped(text, open + 1, to);
    open = close < 0 ? -1 : quoteIn(text, close + 1, end);
  }
}

function quoteIn(text: string, from: number, end: number): number {
  const at = text.slice(from, end).search(/(?<!\\)"/);
  return at < 0 ? -1 : from + at;
}

function unescaped(text: string, from: number, to: number): Nested {
  const parts: string[] = [];
  const places = new Int32Array(to - from + 1);
  let length = 0;
  for (let at = from; at < to; ) {
    const next = text[at + 1] ?? '';
    const isEscape = text[at] === '\\' && at + 1 < to;
    const code = isEscape && next === 'u' ? /^[0-9a-fA-F]{4}$/.exec(text.slice(at + 2, at + 6))?.[0] : undefined;
    // Bytes of a character beyond ASCII all stand at its escape; there are never more of them than of the escape.
    const bytes = code
      ? Buffer.from(String.fromCharCode(Number.parseInt(code, 16))).toString('latin1')
      : isEscape
        ? (controls[next] ?? next)
        : (text[at] ?? '');
    for (let byte = 0; byte < bytes.length; byte += 1) places[length++] = at;
    parts.push(bytes);
    at += code ? 6 : isEscape ? 2 : 1;
  }
  places[length] = to;
  return { text: parts.join(''), places };
}
