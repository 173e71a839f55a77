import { headerAt } from './headers.ts';
import { type Found, type Line, matchAt, type Name, nameAround } from './line.ts';
import { isHeader, nameKind } from './names.ts';
import { elementAt, pairAt } from './pairs.ts';
import { quoteBefore, quoteSource } from './quotes.ts';
import { tableAt } from './tables.ts';
import { type Introduction, valueAt } from './value.ts';
import { looksRandom, mark } from './values.ts';

/** Words of which every secret-like name has one. */
export const nameWords =
  'token secret passw passphrase passcode pass pwd key auth cookie cred bearer jwt sig session sid salt seed nonce hmac otp code pat csrf xsrf'.split(
    ' ',
  );

const colour = String.raw`(?:(?:\x1b|\\{1,8}(?:u001[bB]|x1[bB]|033|e))\[[\d;]{0,12}m){0,4}`;
const type = String.raw`(?::[ \t]{0,4}(?:[Ss]tring|str|&?(?:'static )?str|any|unknown|String)(?:[ \t]{0,4}\|[ \t]{0,4}(?:None|null|undefined))?(?=[ \t]{0,4}=))?`;
const separators = ':=|=>|={1,3}(?!>)|!={1,2}|:(?!:)|%3[AD]';
const afterName = new RegExp(
  `${colour}(${quoteSource})?(?:\\]|%5D)?${colour}[ \\t]{0,32}${type}[ \\t]{0,8}(${separators})${colour}[ \\t]{0,64}${colour}`,
  'iy',
);
const afterFlag = new RegExp(`(?:(${quoteSource})[ \\t]{0,8},?[ \\t]{0,8}|[ \\t]{1,16})(?=\\S)`, 'y');
const spoken = /[ \t]{1,4}(?:is|was)[ \t]{1,4}(?=[^\s\d]{0,40}\d)/y;
const onlyValue = /[ \t]{1,8}(?=\S{1,4096}[ \t]{0,64}\r?(?:\n|$))/y;
const lineHead =
  /^[ \t]*(?:(?:export|set|setx|env|ENV|ARG|declare -x|local|const|let|var|my|Environment=|[-*#;>+]|\/\/)[ \t]*)*["']?[$@]?$/;
const escapedHead = /(?:\\{1,32}[nr]|%0[AaDd])[ \t]*(?:export )?$/;
const inQuery = /(?:[?&;]|%3[fF]|%26|&amp;|\\u0026)$/;
const credentialsBefore = /\b(?:login|user|account)[ \t]+\S{1,80}[ \t]+$/;

/** What of the line holds a secret because of the name around `[from, to)`. */
export function assignmentAt(line: Line, from: number, to: number): Found | null {
  const name = nameAround(line, from, to);
  if (!name) return null;
  const { text } = line;
  const kind = nameKind(name.text);
  if (kind === 'none') return null;
  const after = matchAt(afterName, text, name.end);
  const before = text.slice(Math.max(line.start, name.start - 100), name.start);
  const opening = quoteBefore(text, line.start, name.start);
  if (after) {
    const at = Math.min(after.index + after[0].length, line.end);
    const separator = (after[2] ?? '').toUpperCase();
    const intro = introduce(line, name, before, opening, after[1] ?? null, separator);
    if (isHeader(name.text) && separator === ':' && intro.quote === null) return headerAt(line, at, intro);
    return valueAt(line, at, intro);
  }
  const element = elementAt(line, name, kind) ?? pairAt(line, name, kind, opening) ?? tableAt(line, name);
  if (element) return element;
  return spacedValue(line, name, before, opening);
}

function introduce(
  line: Line,
  name: Name,
  before: string,
  opening: string | null,
  quote: string | null,
  separator: string,
): Introduction {
  const isEscaped = escapedHead.test(before.slice(-48));
  const isHead = before.length < 100 && lineHead.test(before);
  return {
    name: name.text,
    kind: nameKind(name.text),
    quote,
    enclosing: quote === null ? opening : null,
    separator: separator === '%3A' || separator === '%3D' ? separator : separator.endsWith('=') ? '=' : separator,
    ownsLine: isHead && !isEscaped,
    indent: name.start - line.start - (before.length - before.replace(/["']$/, '').length),
    isParameter: name.isFlag || inQuery.test(before.slice(-6)),
  };
}

/** `--token X`, `"--token", "X"`, `password X` of a netrc, `token is X`, and what looks random after any such name. */
function spacedValue(line: Line, name: Name, before: string, opening: string | null): Found | null {
  const { text } = line;
  const intro = { ...introduce(line, name, before, opening, null, ' '), isParameter: true, ownsLine: false };
  if (intro.kind !== 'strong' || name.end >= line.end) return null;
  if (name.isFlag) {
    const gap = matchAt(afterFlag, text, name.end);
    const at = gap ? gap.index + gap[0].length : line.end;
    if (!gap || at >= line.end || (text[at] === '-' && !looksRandom(matchAt(/[^\s"']{1,200}/y, text, at)?.[0] ?? '')))
      return null;
    return valueAt(line, at, { ...intro, enclosing: gap[1] ? null : intro.enclosing, quote: null });
  }
  const gap =
    matchAt(spoken, text, name.end) ??
    (/^(?:password|passwd|requirepass|masterauth|\w+_(?:pass|passwd|password|secret|token))$/i.test(name.text) &&
    (before.trim() === '' || credentialsBefore.test(before))
      ? credentialsBefore.test(before)
        ? matchAt(/[ \t]{1,8}(?=\S)/y, text, name.end)
        : matchAt(onlyValue, text, name.end)
      : null);
  if (gap) return valueAt(line, gap.index + gap[0].length, { ...intro, isParameter: false });
  const random = matchAt(/[ \t]{1,4}["'`(]?([\w+/=.~-]{16,200})/y, text, name.end)?.[1];
  if (!random || !looksRandom(random)) return null;
  const start = text.indexOf(random, name.end);
  return {
    spans: [{ start, end: start + random.length, rule: 'named-value', by: mark }],
    open: null,
    next: start + random.length,
  };
}
