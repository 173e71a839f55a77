const replacement = '[REDACTED]';

const name = String.raw`(?:api[_-]?key|token|secret|passw(?:or)?d)(?:[_-]\w{1,64})?["']?[ \t]{0,8}`;
const bare = String.raw`[^\s"',;&]`;

/**
 * What counts as a secret: Coven's documented patterns, some wider (names in quotes). No quantifier can be tried from
 * many places over a long text, since a harness chooses the text.
 */
const rules: readonly (readonly [pattern: RegExp, by: string | ((found: string) => string)])[] = [
  [/-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z0-9 ]{0,40}PRIVATE KEY-----|$)/g, replacement],
  [/(\bauthorization["']?[ \t]{0,8}[:=][ \t]{0,8}["']?(?:bearer|basic)[ \t]+)[^\s"']+/gi, `$1${replacement}`],
  [/(\bcookie["']?[ \t]{0,8}:[ \t]{0,8})[^\r\n]+/gi, `$1${replacement}`],
  [
    new RegExp(String.raw`(${name}[=:][ \t]{0,8})(?!\[REDACTED\])(?:"[^"\r\n]+"?|'[^'\r\n]+'?|${bare}+)`, 'gi'),
    `$1${replacement}`,
  ],
  [/\bsk-(?:ant-[\w-]+|[\w-]{20,})/g, replacement],
  [/\b(?:gh[pousr]_[A-Za-z0-9]{16,}|github_pat_\w{16,})/g, replacement],
  // Taken whole and then judged: looked for from each address on, a private word would be looked for as often.
  [/\bhttps?:\/\/[^\s"'<>]+/gi, (url) => (/gateway|private|internal/i.test(url) ? replacement : url)],
  [/([?&](?:token|key|secret|api_key|access_token)=)(?!\[REDACTED\])[^&\s"'#]+/gi, `$1${replacement}`],
];

/** What may grow into a secret at the end of a line; the first group is no secret yet and may be shown. */
const growing: readonly RegExp[] = [
  /(\bauthorization["']?[ \t]{0,8}(?:[:=][ \t]{0,8}["']?(?:(?:bearer|basic)[ \t]*)?)?)[^\s"']*$/i,
  /(\bcookie["']?[ \t]{0,8}(?::[ \t]{0,8})?)[^\r\n]*$/i,
  new RegExp(String.raw`(${name}(?:[=:][ \t]{0,8})?)(?:"[^"\r\n]*|'[^'\r\n]*|${bare}*)$`, 'i'),
  /()(?:\bsk-|\bgh[pousr]_|\bgithub_pat_|\bhttps?:\/\/)\S*$/i,
  /([?&](?:token|key|secret|api_key|access_token)=)\S*$/i,
];
/** A word that has grown into none of these yet. */
const openings =
  'sk- ghp_ gho_ ghu_ ghs_ ghr_ github_pat_ http:// https:// -----BEGIN authorization cookie api_key api-key apikey token secret password passwd'.split(
    ' ',
  );
const opensBlock = /^-----BEGIN (?:[A-Z0-9 ]{0,40}PRIVATE KEY-----|[A-Z0-9 ]{0,40}-{0,5}$)/;
const closesBlock = /-----END [A-Z0-9 ]{0,40}PRIVATE KEY-----/;

/** Characters held back at the most, and those still held when that was too much: longer than any opening. */
const longestHold = 16 * 1024;
const shortestHold = 256;
/** Held characters that are read again with each piece; more of them only when a quarter more has come. */
const readOften = 2048;

/** `text` with every known kind of secret replaced. */
export function redact(text: string): string {
  // TypeScript knows no overload for both.
  return rules.reduce((redacted, [pattern, by]) => redacted.replace(pattern, by as string), text);
}

/** Redacts a stream whose secrets may be split anywhere: what may become one is held back. */
export interface Redactor {
  /** What of everything pushed so far can be written, redacted. */
  readonly push: (text: string) => string;
  /** The stream rests: what was held back and is no secret yet, such as the words of a prompt. */
  readonly rest: () => string;
  /** The stream ended: everything held back, redacted. */
  readonly end: () => string;
}

export function createRedactor(): Redactor {
  let held = '';
  /** Characters at the start of `held` that `rest` showed: they are held only to know what follows them. */
  let shown = 0;
  /** Held characters below which another reading would release nothing that is worth its time. */
  let nextReading = 0;
  /** Set within a secret that was too long to hold; everything up to this is dropped. */
  let dropsTo: RegExp | null = null;

  function release(end: number): string {
    if (end < shown) return '';
    const safe = redact(held.slice(0, end)).slice(shown);
    held = held.slice(end);
    shown = 0;
    return safe;
  }
  function drop(): void {
    const end = dropsTo?.exec(held);
    // The end may itself be split.
    held = end ? held.slice(end.index) : held.slice(-shortestHold);
    if (end) dropsTo = null;
  }
  function shorten(): string {
    const cut = held.length - shortestHold;
    const start = secretAcross(held, cut);
    if (start === null) return release(cut);
    const before = release(Math.max(start, shown));
    dropsTo = opensBlock.test(held) ? closesBlock : /[\r\n]/;
    drop();
    return before + replacement;
  }

  return {
    push: (text) => {
      held += text;
      if (dropsTo) drop();
      if (dropsTo || held.length < nextReading) return '';
      const safe = release(settled(held));
      nextReading = held.length > readOften ? held.length * 1.25 : 0;
      return held.length > longestHold ? safe + shorten() : safe;
    },
    rest: () => {
      nextReading = 0;
      if (dropsTo || held.length === shown) return '';
      const grown = growth(held);
      if (!grown) return release(held.length - opening(held));
      const before = release(grown.index);
      const more = held.slice(shown, grown.visible);
      shown = Math.max(shown, grown.visible);
      return before + more;
    },
    end: () => (dropsTo ? '' : release(held.length)),
  };
}

/** Up to where a text stays as it is, whatever follows it. */
function settled(text: string): number {
  let word = text.length;
  while (word > 0 && !/\s/.test(text[word - 1] ?? '')) word -= 1;
  return Math.min(word, growth(text)?.index ?? word);
}

/** Where the text may be growing into a secret, and how many characters from there are none yet. */
function growth(text: string): { readonly index: number; readonly visible: number } | null {
  const block = text.lastIndexOf('-----BEGIN ');
  const isOpen = block >= 0 && opensBlock.test(text.slice(block)) && !closesBlock.test(text.slice(block));
  const lineStart = Math.max(text.lastIndexOf('\n'), text.lastIndexOf('\r')) + 1;
  const line = text.slice(lineStart);
  const found = growing
    .map((pattern) => pattern.exec(line))
    .filter((match) => match !== null)
    .map((match) => ({ index: lineStart + match.index, visible: match[1]?.length ?? 0 }));
  if (isOpen) found.push({ index: block, visible: 0 });
  return found.sort((one, other) => one.index - other.index)[0] ?? null;
}

/** Where the secret begins that lies across `cut`; null when none does. */
function secretAcross(text: string, cut: number): number | null {
  const starts = rules.flatMap(([pattern, by]) =>
    [...text.matchAll(pattern)]
      .filter((match) => match.index < cut && match.index + match[0].length > cut)
      .filter(([found]) => typeof by === 'string' || by(found) !== found)
      .map((match) => match.index),
  );
  return starts.length > 0 ? Math.min(...starts) : null;
}

/** How many last characters are the start of an opening. */
function opening(text: string): number {
  const tail = text.slice(-16).toLowerCase();
  for (let length = tail.length; length > 0; length -= 1)
    if (openings.some((word) => word.toLowerCase().startsWith(tail.slice(-length)))) return length;
  return 0;
}
