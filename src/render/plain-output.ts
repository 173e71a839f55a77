const esc = 0x1b;
const bell = 0x07;
const isFinal = (code: number): boolean => code >= 0x40 && code <= 0x7e;

/**
 * The lines that a terminal would show of a program's output. Escape sequences, control, format and bidi characters are
 * removed, tabs stay, and a carriage return starts a line. One pass; an unterminated sequence takes the rest of its line.
 */
export function plainOutput(text: string): string {
  let out = '';
  let at = 0;
  while (at < text.length) {
    const code = text.charCodeAt(at);
    if (code === esc || code === 0x9b || code === 0x9d || code === 0x90) {
      at = afterSequence(text, at, code);
      continue;
    }
    at += 1;
    if (code === 0x0d) out += text.charCodeAt(at) === 0x0a || text.charCodeAt(at) === 0x0d ? '' : '\n';
    else if (code === 0x0a || code === 0x09) out += text[at - 1];
    else if (code >= 0x20) out += text[at - 1];
  }
  return withoutOrders(out.replace(/(?![\n\t])[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\ufffe\uffff]/gu, ''));
}

/**
 * A job of GitHub obeys what a line of its log orders. Source: the workflow commands of GitHub Actions; its runner passes over blanks
 * before them, does not tell capitals from small letters, and takes the older form wherever it stands.
 */
const withoutOrders = (text: string): string =>
  text.replace(/^([^\S\n]*):(?=:[a-z-]{1,40}[ :])/gim, '$1\\u{3a}').replaceAll('##[', '##\\u{5b}');

/** The place after the sequence that begins at `at`. Source: ECMA-48, sections 5.3 to 5.6. */
function afterSequence(text: string, at: number, code: number): number {
  const next = code === esc ? text[at + 1] : code === 0x9b ? '[' : ']';
  let end = at + (code === esc ? 2 : 1);
  if (next === '[') {
    while (end < text.length && !isFinal(text.charCodeAt(end)) && text[end] !== '\n') end += 1;
    return text[end] === '\n' ? end : end + 1;
  }
  if (next !== undefined && ']PX^_'.includes(next)) {
    // A control string ends with BEL, or with ESC and a backslash.
    for (; end < text.length && text[end] !== '\n'; end += 1) {
      if (text.charCodeAt(end) === bell || text.charCodeAt(end) === 0x9c) return end + 1;
      if (text.charCodeAt(end) === esc) return text[end + 1] === '\\' ? end + 2 : end;
    }
    return end;
  }
  while (end <= text.length && text.charCodeAt(end - 1) >= 0x20 && text.charCodeAt(end - 1) <= 0x2f) end += 1;
  return Math.min(end, text.length);
}
