import { spend } from './budget.ts';
import { type Found, indexIn, type Line, matchAt, type Open, type Span } from './line.ts';
import type { NameKind } from './names.ts';
import { closeBrackets, closeOf, quoteAt, reachOf } from './quotes.ts';
import { isEmptyValue, isProse, looksRandom, mark } from './values.ts';

/** What stands before a value. */
export interface Introduction {
  readonly name: string;
  readonly kind: NameKind;
  /** The quote around the name. */
  readonly quote: string | null;
  /** The quote that opened right before the name and encloses name and value both: `'Authorization: …'`. */
  readonly enclosing: string | null;
  readonly separator: string;
  /** Whether name and value are all that their line holds. */
  readonly ownsLine: boolean;
  readonly indent: number;
  /** A parameter of a URL's query, or an option of a command: no prose. */
  readonly isParameter: boolean;
}

const rule = 'named-value';
const prefix = /[bBuUrRfF@$]{1,2}(?=["'`])/y;
const triple = /"""|'''/y;
const scalarBlock = /(?:[&!][\w!-]{1,40}[ \t]+){0,2}[|>][-+\d]{0,2}[ \t]*(?:#[^\n]*)?\r?(?=\n|$)/y;
const numeral = /-?\d[\d.eE+-]{0,40}(?=[ \t]*(?:[,}\]]|\r?\n|$))/y;
const joined = /[ \t]*(?:(?:\+|\.|\\)[ \t]*)?(?=["'])/y;
/** A value without quotes. What follows a comma, semicolon or ampersand is looked at for at most 60 characters. */
const bare =
  /(?:[^\s"'`<>\\,;&]|\\(?![nrtu"'`\\])|\\\\(?!["'nrtu])|,(?![\s"'`\\{[]|[\w.-]{1,40}[=:]|$)|;(?!\s|[\w .-]{1,40}=|$)|&(?!amp;|[\w.%[\]-]{1,60}=|$))+/y;
const percentEnd = /%(?:26|23|20|22|27|0A|0D|3B|2C)/i;
const furtherPair = /(?<![ \t])[ \t]+[A-Za-z_][\w.-]{0,60}=|(?<![ \t])[ \t]+#/;

const nothing = (next: number): Found => ({ spans: [], open: null, next });

/** The secret that a name introduces at `at`; the name is known to be secret-like. */
export function valueAt(line: Line, at: number, intro: Introduction): Found {
  const { text } = line;
  if (at >= line.end) return { spans: [], open: belowOf(intro), next: line.end };
  if (intro.separator === ':' && matchAt(scalarBlock, text, at))
    return intro.kind === 'weak'
      ? nothing(at)
      : { spans: [], open: { kind: 'block', indent: intro.indent, first: true }, next: line.end };
  const from = at + (matchAt(prefix, text, at)?.[0].length ?? 0);
  const tripled = matchAt(triple, text, from)?.[0];
  if (tripled) return tripleQuoted(line, from + 3, tripled, intro);
  const quote = quoteAt(text, from);
  // The quote that encloses the name is no opening one: the value is empty.
  if (quote && quote === intro.enclosing && intro.quote === null) return nothing(from);
  if (quote === '"' && line.isInString(from)) return nothing(from);
  if (quote) return quoted(line, from + quote.length, quote, intro.kind);
  const char = text[at] ?? '';
  if ((char === '[' || char === '{') && opensStructure(line, at, intro)) return structure(line, at, intro);
  if (intro.quote) {
    const number = matchAt(numeral, text, at)?.[0];
    if (number) return scalar(at, number, intro);
  }
  return unquoted(line, at, intro);
}

function secretOr(start: number, end: number, value: string, kind: NameKind, open: Open | null = null): Found {
  if (isEmptyValue(value)) return { spans: [], open, next: end };
  if ((kind === 'weak' || kind === 'plural') && !looksRandom(value)) return nothing(start);
  return { spans: [{ start, end, rule, by: mark }], open, next: end };
}

/** Nothing follows on the line: YAML may go on below. */
function belowOf(intro: Introduction): Open | null {
  if (intro.separator !== ':' || !intro.ownsLine || intro.kind === 'weak') return null;
  return intro.kind === 'plural'
    ? { kind: 'list', indent: intro.indent }
    : { kind: 'value', indent: intro.indent, name: intro.name };
}

function tripleQuoted(line: Line, from: number, quote: string, { kind }: Introduction): Found {
  const reach = reachOf(line, from);
  const close = indexIn(line.text, quote, from, reach);
  if (close >= 0) return secretOr(from, close, line.text.slice(from, close), kind);
  if (kind === 'weak') return nothing(from);
  const open: Open | null = reach === line.end ? { kind: 'quote', close: quote, lines: 0 } : null;
  return from === reach ? { spans: [], open, next: reach } : secretOr(from, reach, 'unclosed', 'strong', open);
}

/** A string, and those that are joined to it: `"a" + "b"`, `"a" "b"`. */
function quoted(line: Line, from: number, quote: string, kind: NameKind): Found {
  const spans: Span[] = [];
  let at = from;
  let by = quote;
  for (;;) {
    const { found, more } = oneQuoted(line, at, by, kind);
    for (const span of found.spans) spans.push(span);
    if (more === null) return { ...found, spans };
    at = more + 1;
    by = line.text[more] ?? by;
  }
}

/** One string, and where another one is joined to it. */
function oneQuoted(
  line: Line,
  from: number,
  quote: string,
  kind: NameKind,
): { readonly found: Found; readonly more: number | null } {
  const { text } = line;
  const reach = reachOf(line, from);
  let close = closeOf(text, from, line.end, quote);
  // A literal string of a shell or of TOML may end in a backslash.
  if (close < 0 && quote === "'") close = indexIn(text, quote, from, line.end);
  if (close < 0 || close > reach) {
    const value = text.slice(from, reach);
    const goesOn = quote.length === 1 && kind === 'strong' && reach === line.end;
    const open: Open | null = goesOn ? { kind: 'quote', close: quote, lines: 0 } : null;
    const found = value === '' ? { spans: [], open, next: reach } : secretOr(from, reach, value, kind, open);
    return { found, more: null };
  }
  const found = secretOr(from, close, text.slice(from, close), kind);
  const gap = quote.length === 1 && found.spans.length > 0 ? matchAt(joined, text, close + 1) : null;
  if (!gap || gap[0] === '' || close + 1 + gap[0].length >= line.end) return { found, more: null };
  return { found, more: close + 1 + gap[0].length };
}

/** A bracket under a quoted name, or one that holds strings. `token: [object Object]` is neither. */
function opensStructure(line: Line, at: number, intro: Introduction): boolean {
  if (intro.kind === 'weak' || line.text.startsWith(mark, at) || line.text.startsWith('{{', at)) return false;
  return intro.quote !== null || /^[[{][ \t\r]*(?:["'\n]|$)/.test(line.text.slice(at, Math.min(line.end, at + 40)));
}

function structure(line: Line, at: number, intro: Introduction): Found {
  const { text } = line;
  const quote = intro.quote && /["']$/.test(intro.quote) ? intro.quote : '"';
  const reach = reachOf(line, at);
  const { at: close, depth } = closeBrackets(text, at + 1, reach, quote, 1);
  const end = close < 0 ? reach : close;
  // Counts of tokens are no tokens.
  if (intro.kind === 'plural' && close >= 0 && !/[:[,]\s*(?:\\*["'])/.test(text.slice(at, end))) return nothing(end);
  const inner = text.slice(at + 1, end - 1).trim();
  if (close >= 0 && inner === '') return nothing(end);
  // Within a string the mark needs no quotes, and plain ones would end the string.
  const by = intro.quote === null && line.isInString(at) ? mark : `${quote}${mark}${quote}`;
  const open: Open | null = close < 0 && reach === line.end ? { kind: 'brackets', depth, quote, lines: 0 } : null;
  return { spans: [{ start: at, end, rule, by }], open, next: end };
}

/** A number takes quotes with its mark, so that JSON stays JSON. */
function scalar(at: number, number: string, { name, kind, quote }: Introduction): Found {
  const end = at + number.length;
  if (kind !== 'strong' || isProse(number, name)) return nothing(end);
  return { spans: [{ start: at, end, rule, by: `${quote}${mark}${quote}` }], open: null, next: end };
}

function unquoted(line: Line, at: number, intro: Introduction): Found {
  const { text } = line;
  const end = unquotedEnd(line, at, intro);
  const value = text.slice(at, end);
  if (isEmptyValue(value)) return nothing(end);
  if (intro.kind !== 'strong') {
    const fits =
      intro.isParameter && intro.kind === 'weak' ? value.length >= 8 && /\d|[A-Z]/.test(value) : looksRandom(value);
    return fits ? { spans: [{ start: at, end, rule, by: mark }], open: null, next: end } : nothing(at);
  }
  if (isProse(value, intro.name) && !(intro.isParameter && value.length > 5 && !/^[a-z]+$/i.test(value)))
    return nothing(at);
  if (value.toLowerCase() === intro.name.toLowerCase()) return nothing(end);
  if (/pwd$/i.test(intro.name) && /^(?:[/~]|[A-Za-z]:\\)/.test(value)) return nothing(end);
  return { spans: [{ start: at, end, rule, by: mark }], open: null, next: end };
}

function unquotedEnd(line: Line, at: number, intro: Introduction): number {
  const { text } = line;
  if (intro.enclosing) {
    const close = closeOf(text, at, line.end, intro.enclosing);
    if (close >= 0) return close;
  }
  if (intro.ownsLine && (intro.separator === '=' || intro.separator === ':')) {
    const rest = text.slice(at, reachOf(line, at));
    spend(rest.length);
    const stop = furtherPair.exec(rest)?.index ?? rest.length;
    return at + rest.slice(0, stop).trimEnd().length;
  }
  let value = matchAt(bare, text, at)?.[0] ?? '';
  value = value.slice(0, line.end - at);
  if (intro.separator.startsWith('%')) value = value.slice(0, percentEnd.exec(value)?.index ?? value.length);
  for (let more = 8; more > 0 && /[)\]},;.:!?]$/.test(value) && !value.endsWith(mark) && !balances(value); more -= 1)
    value = value.slice(0, -1);
  return at + value.length;
}

/** A closing bracket that was opened within the value belongs to it. */
function balances(value: string): boolean {
  const closer = value.at(-1) ?? '';
  const opener = { ')': '(', ']': '[', '}': '{' }[closer];
  return opener !== undefined && value.split(opener).length >= value.split(closer).length;
}
