import { type Found, indexIn, type Line, matchAt, type Name } from './line.ts';
import type { NameKind } from './names.ts';
import { quoteSource, reachOf } from './quotes.ts';
import { type Introduction, valueAt } from './value.ts';
import { isEmptyValue, looksRandom, mark } from './values.ts';

const openTag = /(?:<|&lt;)(?:[\w-]{1,40}:)?$/;
const restOfTag = /(?:[ \t][^<>\n]{0,400})?(?:>|&gt;)(?:<!\[CDATA\[)?/y;

/** `<password>…</password>`, with its text over several lines or not. */
export function elementAt(line: Line, name: Name, kind: NameKind): Found | null {
  const { text } = line;
  if (kind !== 'strong' && kind !== 'weak') return null;
  const head = openTag.exec(text.slice(Math.max(line.start, name.start - 48), name.start))?.[0];
  const tag = head ? matchAt(restOfTag, text, name.end) : null;
  if (!head || !tag || /\/(?:>|&gt;)$/.test(tag[0])) return null;
  const start = tag.index + tag[0].length;
  const close = tag[0].endsWith('[CDATA[') ? ']]>' : head.startsWith('<') ? '</' : '&lt;/';
  const reach = reachOf(line, start);
  // A weak name's value is a token, and short; else a line of many such tags would be read as often.
  const at = indexIn(text, close, start, kind === 'weak' ? Math.min(reach, start + 4096) : reach);
  const isClosed = at >= 0;
  const end = isClosed ? at : reach;
  const value = text.slice(start, end);
  const open =
    isClosed || reach < line.end ? null : ({ kind: 'element', close, first: value.trim() === '', lines: 0 } as const);
  if (kind === 'weak' && !looksRandom(value)) return { spans: [], open: null, next: start };
  if (isEmptyValue(value.trim())) return { spans: [], open, next: end };
  return { spans: [{ start, end, rule: 'named-value', by: mark }], open, next: end };
}

const nameFieldEnd = new RegExp(
  String.raw`(?:^|[\s,{(<"'\\;\[])(?:name|key|id|field|header|variable|var|parameter|property|k|Name|Key|NAME|KEY)(?:${quoteSource})?[ \t]{0,8}[:=][ \t]{0,8}(?:${quoteSource})?$`,
);
const valueField = new RegExp(
  String.raw`(?:${quoteSource})?[ \t]{0,8}[,;]?[ \t]{0,8}(${quoteSource})?(?:value|val|v|Value|VALUE|content|default)(?:${quoteSource})?[ \t]{0,8}[:=][ \t]{0,8}`,
  'y',
);
const plist = /<\/key>[ \t]{0,8}<(?:string|data)>/y;
const endOfField = new RegExp(String.raw`(?:${quoteSource})?[ \t]{0,8},?[ \t]{0,8}(?=\r?(?:\n|$))`, 'y');
const nextOfTuple = new RegExp(String.raw`(${quoteSource})[ \t]{0,8},[ \t]{0,8}(?=${quoteSource})`, 'y');

const named = (name: string, quote: string | null): Introduction => ({
  name,
  kind: 'strong',
  quote,
  enclosing: null,
  separator: '=',
  ownsLine: false,
  indent: 0,
  isParameter: true,
});

/** Name and value as two fields: `{"name": "API_TOKEN", "value": "…"}`, `key="…" value="…"`, `("API_TOKEN", "…")`. */
export function pairAt(line: Line, name: Name, kind: NameKind, opening: string | null): Found | null {
  const { text } = line;
  if (kind !== 'strong') return null;
  const before = text.slice(Math.max(line.start, name.start - 60), name.start);
  const property = matchAt(plist, text, name.end);
  if (property) {
    const start = property.index + property[0].length;
    const end = indexIn(text, '<', start, line.end);
    if (end > start) return { spans: [{ start, end, rule: 'named-value', by: mark }], open: null, next: end };
  }
  if (nameFieldEnd.test(before)) {
    const field = matchAt(valueField, text, name.end);
    if (field) return valueAt(line, field.index + field[0].length, named(name.text, field[1] ?? null));
    const rest = matchAt(endOfField, text, name.end);
    return rest ? { spans: [], open: { kind: 'pair' }, next: line.end } : null;
  }
  const tuple = opening && /[([][ \t]*(?:\\*["'])$/.test(before) ? matchAt(nextOfTuple, text, name.end) : null;
  if (!tuple) return null;
  const found = valueAt(line, tuple.index + tuple[0].length, named(name.text, null));
  return found.spans.length > 0 && /^\\*["'][ \t]*[)\]]/.test(text.slice(found.next, found.next + 12)) ? found : null;
}

const nextValue = new RegExp(
  String.raw`[ \t]*(?:- )?(${quoteSource})?(?:value|val|Value|VALUE)(?:${quoteSource})?[ \t]*[:=][ \t]*`,
  'y',
);
const nextString = /[ \t]*<(?:string|data|value)>/y;

/** The line below a name field. */
export function pairBelow(line: Line): Found | null {
  const { text } = line;
  const value = matchAt(nextValue, text, line.start);
  if (value) {
    const intro = named('value', value[1] ?? null);
    const indent = /^[ \t]*(?:- )?/.exec(value[0])?.[0].length ?? 0;
    return valueAt(line, value.index + value[0].length, { ...intro, separator: ':', ownsLine: true, indent });
  }
  const element = matchAt(nextString, text, line.start);
  const start = element ? element.index + element[0].length : -1;
  const end = start < 0 ? -1 : indexIn(text, '</', start, line.end);
  if (end <= start) return null;
  return { spans: [{ start, end, rule: 'named-value', by: mark }], open: null, next: end };
}
