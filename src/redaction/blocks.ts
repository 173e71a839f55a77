import { spend } from './budget.ts';
import { type Found, indentOf, indexIn, type Line, type Open, type Span } from './line.ts';
import { pairBelow } from './pairs.ts';
import { closeBrackets, closeOf, reachOf } from './quotes.ts';
import { rowOf } from './tables.ts';
import { isEmptyValue, isProse, mark } from './values.ts';
import { wrappedBelow } from './wrapped.ts';

/** A secret that has not ended after this many lines was truncated. */
const longestSecret = 500;

const keyMaterial = /^[\w+/=.|:,"'`\\\s-]*$/;
const keyRun = /[A-Za-z0-9+/]{40}/;
const keyHeader = /^[ \t]*[A-Za-z][A-Za-z0-9-]{1,40}: [^\s]+/;
const keyEnd = /-----END [A-Z0-9 ]{0,60}-----/;
const listItem = /^[ \t]*- +(?:["'](.*)["']|(.*))$/;
const mapping = /^[ \t]*(?:- +)?["']?[\w.$/-]{1,80}["']?[ \t]*(?::(?:[ \t]|$)|=[ \t])/;
const token = /^[ \t]+[A-Za-z0-9._~+/=-]+[ \t]*$/;

/** The line up to `end`: marked where the secret begins, and emptied where it goes on. */
function until(line: Line, end: number, rule: string, isFirst: boolean): readonly Span[] {
  const content = line.text.slice(line.start, end);
  if (content.trim() === '' || content.trim() === mark) return [];
  const start = isFirst ? end - content.trimStart().length : line.start;
  return [{ start, end, rule, by: isFirst ? mark : '' }];
}

/** The part of this line that continues a secret from an earlier line; null if there is none. */
export function continued(open: Open, line: Line): Found | null {
  const { text, start, end } = line;
  const whole = (open: Open, rule: string, isFirst = false): Found => ({
    spans: until(line, end, rule, isFirst),
    open,
    next: end,
  });
  const content = text.slice(start, end);
  switch (open.kind) {
    case 'pem': {
      const close = keyEnd.exec(content);
      if (close) {
        const stop = start + close.index + close[0].length;
        return { spans: until(line, stop, 'private-key', false), open: null, next: stop };
      }
      const goesOn = keyMaterial.test(content)
        ? !/[^\s"'`\\,|]\s+[A-Za-z]{1,20}\s/.test(content)
        : keyRun.test(content);
      if (open.lines >= longestSecret || !(goesOn || keyHeader.test(content))) return null;
      return whole({ kind: 'pem', lines: open.lines + 1 }, 'private-key');
    }
    case 'wrapped':
      return wrappedBelow(line, open.left, open.anyCase, open.isRun);
    case 'tail': {
      if (!/^[A-Za-z0-9+/]{16,}={0,2}$/.test(content) && !keyEnd.test(content)) return null;
      return whole(keyEnd.test(content) ? { kind: 'pem', lines: longestSecret } : open, 'private-key', true);
    }
    case 'quote': {
      const close =
        open.close.length > 1 ? indexIn(text, open.close, start, end) : closeOf(text, start, end, open.close);
      if (close >= 0)
        return { spans: until(line, close, 'named-value', false), open: null, next: close + open.close.length };
      return open.lines >= longestSecret ? null : whole({ ...open, lines: open.lines + 1 }, 'named-value');
    }
    case 'brackets': {
      const { at, depth } = closeBrackets(text, start, end, open.quote, open.depth);
      if (at >= 0) return { spans: until(line, at, 'named-value', false), open: null, next: at };
      return open.lines >= longestSecret ? null : whole({ ...open, depth, lines: open.lines + 1 }, 'named-value');
    }
    case 'element': {
      const at = indexIn(text, open.close, start, end);
      if (at >= 0) return { spans: until(line, at, 'named-value', open.first), open: null, next: at };
      if (open.lines >= longestSecret) return null;
      return whole(
        { ...open, first: open.first && content.trim() === '', lines: open.lines + 1 },
        'named-value',
        open.first,
      );
    }
    case 'block': {
      if (content.trim() === '') return { spans: [], open, next: end };
      if (depthOf(line) <= open.indent) return null;
      return isEmptyValue(content.trim())
        ? { spans: [], open, next: end }
        : whole({ ...open, first: false }, 'named-value', open.first);
    }
    case 'value': {
      if (content.trim() === '' || depthOf(line) <= open.indent || mapping.test(content)) return null;
      if (/^[ \t]*(?:- |[{[])/.test(content)) return null;
      const value = content.trim();
      if (isEmptyValue(value) || isProse(value, open.name)) return null;
      return whole({ kind: 'block', indent: open.indent, first: false }, 'named-value', true);
    }
    case 'list': {
      const item = listItem.exec(content.trimEnd());
      const value = item?.[1] ?? item?.[2] ?? '';
      if (!item || depthOf(line) < open.indent || mapping.test(content)) return null;
      if (isEmptyValue(value) || value === '') return { spans: [], open, next: end };
      const from = start + content.lastIndexOf(value);
      return { spans: [{ start: from, end: from + value.length, rule: 'named-value', by: mark }], open, next: end };
    }
    case 'header': {
      const goesOn = open.isCookie
        ? /^[ \t]+\S+=/.test(content)
        : token.test(content) || (open.first && /^[ \t]+[A-Za-z]+ \S+[ \t]*$/.test(content));
      if (!goesOn) return null;
      return isEmptyValue(content.trim())
        ? { spans: [], open, next: end }
        : whole({ ...open, first: false }, open.isCookie ? 'cookie' : 'authorization', true);
    }
    case 'pair':
      return pairBelow(line);
    case 'table': {
      const spans = rowOf(line, open.separator, open.width, open.columns);
      // Other cells may hold secrets of their own: the row is read like any line as well.
      return spans ? { spans, open, next: start } : null;
    }
  }
}

function depthOf(line: Line): number {
  const item = indentOf(line);
  const spaces = /^[ \t]*/.exec(line.text.slice(line.start, Math.min(line.end, line.start + 200)))?.[0].length ?? 0;
  return Math.min(item, spaces);
}

const begin =
  /-----BEGIN (?:[A-Z0-9]{1,20} ){0,4}PRIVATE KEY(?: BLOCK)?-----|---- BEGIN SSH2 ENCRYPTED PRIVATE KEY ----/y;

/** A private key in PEM that begins at `at`: to its end on the same line, where its line ends are escaped, or below. */
export function keyAt(line: Line, at: number): Found | null {
  begin.lastIndex = at;
  const match = begin.exec(line.text);
  if (!match) return null;
  const from = at + match[0].length;
  const reach = reachOf(line, from);
  const rest = line.text.slice(from, reach);
  spend(rest.length);
  const close = keyEnd.exec(rest);
  if (close) {
    const end = from + close.index + close[0].length;
    return { spans: [{ start: at, end, rule: 'private-key', by: mark }], open: null, next: end };
  }
  // Truncated on its line: everything that can belong to the key is redacted.
  const end = from + (/^(?:[A-Za-z0-9+/=\s:,.-]|\\{1,64}[nr])*/.exec(rest)?.[0].length ?? 0);
  const goesOn = reach === line.end && rest.length - (end - from) < 8;
  return {
    spans: [{ start: at, end: goesOn ? line.end : end, rule: 'private-key', by: mark }],
    open: goesOn ? { kind: 'pem', lines: 0 } : null,
    next: end,
  };
}
