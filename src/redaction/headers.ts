import { spend } from './budget.ts';
import { type Found, type Line, matchAt, startsWord } from './line.ts';
import { closeOf } from './quotes.ts';
import type { Introduction } from './value.ts';
import { isEmptyValue, isProse, mark } from './values.ts';

const scheme = /(?:[A-Za-z][\w-]{1,24}(?::|(?=[ \t]|\\?r?\n|$))[ \t]*)/y;
const single = /^(?:bearer|basic|token|apikey|negotiate|ntlm|bot|key|sso-key|ghs)\b/i;
const credential = /[^\s"'`\\,;<>]+/y;

/** The value of `Authorization:`, `Proxy-Authorization:`, `Cookie:` or `Set-Cookie:`; the scheme stays, and the rest is redacted. */
export function headerAt(line: Line, at: number, intro: Introduction): Found {
  const { text } = line;
  const isCookie = /cookie/i.test(intro.name);
  const rule = isCookie ? 'cookie' : 'authorization';
  const close = intro.enclosing ? closeOf(text, at, line.end, intro.enclosing) : -1;
  const end = close >= 0 ? close : line.isInString(at) ? stringEnd(line, at) : line.end;
  const named = isCookie ? null : matchAt(scheme, text, at);
  const word = named?.[0].trim().replace(/:$/, '') ?? '';
  if (!isCookie && isProse(text.slice(at, Math.min(end, at + 200)), intro.name) && !single.test(word))
    return { spans: [], open: null, next: at };
  const isKnown = single.test(word) || /^(?:digest|aws4-hmac-sha256|oauth|hawk|mac|signature)$/i.test(word);
  const from = isKnown ? Math.min(at + (named?.[0].length ?? 0), end) : at;
  const until =
    !isCookie && close < 0 && !ownsLine(intro) && single.test(word)
      ? from + (matchAt(credential, text, from)?.[0].length ?? 0)
      : end;
  const value = text.slice(from, until).trimEnd();
  const open = ownsLine(intro) && close < 0 ? ({ kind: 'header', isCookie, first: value === '' } as const) : null;
  if (isEmptyValue(value)) return { spans: [], open: value === '' || value === mark ? open : null, next: until };
  return { spans: [{ start: from, end: from + value.length, rule, by: mark }], open, next: until };
}

/** Trace output of clients puts `>` or `<` before a header. */
const ownsLine = (intro: Introduction): boolean => intro.ownsLine && intro.enclosing === null;

/** The double quote that ends the string, however deep a quoted text within it is escaped. */
function stringEnd(line: Line, at: number): number {
  const close = closeOf(line.text, at, line.end, '"');
  const end = close < 0 ? line.end : close;
  spend(end - at);
  const broken = line.text.slice(at, end).search(/\\{1,32}[nr]/);
  return broken < 0 ? end : at + broken;
}

const bearer = /(?:bearer|basic)(?::|=)?[ \t]{1,8}["'`]?([A-Za-z0-9._~+/=-]{8,4096})/iy;

/** `Bearer X` and `Basic X` without a header name, unless X is an ordinary word. */
export function schemeAt(line: Line, at: number): Found | null {
  if (!startsWord(line.text, at)) return null;
  const match = matchAt(bearer, line.text, at);
  const value = match?.[1] ?? '';
  if (
    !match ||
    match.index + match[0].length > line.end ||
    /^(?:[a-z]{1,20}|[A-Z]?[a-z]{1,20})(?:[-._/][a-z]{1,20})*[.,:]?$/.test(value)
  )
    return null;
  if (
    /^basic/i.test(match[0]) &&
    !/^[\x20-\x39\x3b-\x7e]*:[^\x00-\x08]*$/.test(Buffer.from(value, 'base64').toString('latin1'))
  )
    return null;
  const end = at + match[0].length;
  return { spans: [{ start: end - value.length, end, rule: 'authorization', by: mark }], open: null, next: end };
}
