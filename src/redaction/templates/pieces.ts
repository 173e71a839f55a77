/** A piece of a message: words of its own, or something that a template only has a place for. */
export interface Piece {
  readonly kind: 'literal' | 'number' | 'path' | 'word' | 'id' | 'time';
  readonly text: string;
}

/** What the redaction and the checks put in the place of paths and names; anything else between angles is a text. */
export const role =
  '<(?:coven-home|daemon-socket|project|another-project|path|home|user|host|id|reset-marker)(?:-[0-9]{1,5})?>';

/**
 * Every alternative consumes what it looks at, so that the time is linear in the text. Groups: time, id, path, quoted, value and
 * number; with names, V8 makes an object of them for each match.
 */
const piece = new RegExp(
  [
    String.raw`(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d))`,
    String.raw`([0-9A-Fa-f]{8}-(?:[0-9A-Fa-f]{4}-){3}[0-9A-Fa-f]{12})(?![\w-])`,
    String.raw`((?:${role}|~|\.{1,2})?\/[^\s'"\x60,;:()<>=]*|${role})`,
    String.raw`(\x60[^\x60\n]{0,300}\x60|"[^"\n]{0,300}"|'[^'\n]{0,300}'(?!\w))`,
    String.raw`=([^\s;,)]{0,300})`,
    String.raw`(\d{1,20}(?:\.\d{1,9})?)(?![\w])`,
    String.raw`[A-Za-z_][\w'-]{0,60}(?:\/[\w.-]{1,60})*|\d\w{0,60}|[\s\S]`,
  ].join('|'),
  'g',
);

const whole = {
  number: /^\d{1,20}(?:\.\d{1,9})?$/,
  path: new RegExp(`^(?:(?:${role}|~|\\.{1,2})?/|${role}$)`),
  id: /^[0-9A-Fa-f]{8}-(?:[0-9A-Fa-f]{4}-){3}[0-9A-Fa-f]{12}$/,
  time: /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)$/,
} as const;

/** What stands between quotes or behind `=`: one value, whatever is in it. */
function singleValue(text: string): Piece {
  for (const kind of ['number', 'path', 'id', 'time'] as const) if (whole[kind].test(text)) return { kind, text };
  return { kind: 'word', text };
}

/** Cuts a message into pieces, in time linear in its length. Joined, their texts are the message. */
export function piecesOf(text: string): readonly Piece[] {
  const pieces: Piece[] = [];
  const literal = (text: string): void => void pieces.push({ kind: 'literal', text });
  for (const match of text.matchAll(piece)) {
    const [all, time, id, path, quoted, value, number] = match;
    if (time !== undefined) pieces.push({ kind: 'time', text: time });
    else if (id !== undefined) pieces.push({ kind: 'id', text: id });
    else if (path !== undefined) pieces.push({ kind: 'path', text: path });
    else if (number !== undefined) pieces.push({ kind: 'number', text: number });
    else if (quoted !== undefined) {
      literal(quoted.slice(0, 1));
      pieces.push(singleValue(quoted.slice(1, -1)));
      literal(quoted.slice(-1));
    } else if (value !== undefined) {
      literal('=');
      pieces.push(singleValue(value));
    } else literal(all);
  }
  return pieces;
}

/** Begins what stands for a thing that varies. */
export const sign = '\u0001';
const signs = { number: `${sign}n`, path: `${sign}p`, word: `${sign}w`, id: `${sign}i`, time: `${sign}t` } as const;

/** What is left of a message without what varies in it: two messages of one template have one skeleton. */
export const skeletonOf = (pieces: readonly Piece[]): string =>
  pieces.map(({ kind, text }) => (kind === 'literal' ? text : signs[kind])).join('');

/** The same where the last word of the message is one that varies, as the name of an index; null where it ends otherwise. */
export function withLastWord(pieces: readonly Piece[]): readonly Piece[] | null {
  const last = pieces.at(-1);
  if (last?.kind !== 'literal' || !/^[A-Za-z_]/.test(last.text)) return null;
  let from = pieces.length - 1;
  // A qualified name is one: `main.events_fts`.
  while (from >= 2 && pieces[from - 1]?.text === '.' && /^[A-Za-z_]/.test(pieces[from - 2]?.text ?? '')) from -= 2;
  const text = pieces
    .slice(from)
    .map((piece) => piece.text)
    .join('');
  return [...pieces.slice(0, from), { kind: 'word', text }];
}
