import { isTemplate, mayBeKnown, words } from './catalogue.ts';
import { type Piece, piecesOf, skeletonOf, withLastWord } from './pieces.ts';

/** What becomes of the parts of a message that are no words of a template. */
export interface Rendering {
  readonly path: (text: string) => string;
  readonly id: (text: string) => string;
  /** A word in a template's place that is not known. */
  readonly word: (text: string) => string;
  /** What no template covers. */
  readonly other: (text: string) => string;
}

/** Longer ones are no message of a program that is known. */
const longest = 2000;
/** Digits that a count, a pid or a duration may have. */
const mostDigits = 12;
/** Programs of Rust and Node put the reasons of an error behind it, each behind a colon. */
const link = ': ';
const mostLinks = 32;
/** Links that one template may have. */
const widest = 3;

/**
 * A message as far as it is known to be harmless: what a template covers stays, with its parameters rendered, and all
 * else is handed to `other`. A message is read as a chain of reasons, each of which is known or not. Linear.
 */
export function knownParts(message: string, rendering: Rendering): string {
  if (message.length > longest) return rendering.other(message);
  // Most lines of a log are one reason, and no template's.
  if (!message.includes(link) && !mayBeKnown(message)) return rendering.other(message);
  const links = message.split(link);
  if (links.length > mostLinks) return rendering.other(message);
  const out: string[] = [];
  let unknown: string[] = [];
  const flush = (): void => {
    if (unknown.length > 0) out.push(rendering.other(unknown.join(link)));
    unknown = [];
  };
  for (let at = 0; at < links.length; ) {
    const found = widestAt(links, at);
    if (found) {
      flush();
      out.push(rendered(found.pieces, rendering));
      at += found.width;
    } else {
      unknown.push(links[at] ?? '');
      at += 1;
    }
  }
  flush();
  return out.join(link);
}

function widestAt(links: readonly string[], at: number) {
  for (let width = Math.min(widest, links.length - at); width > 0; width -= 1) {
    const pieces = matching(links.slice(at, at + width).join(link));
    if (pieces) return { pieces, width };
  }
  return null;
}

function matching(text: string): readonly Piece[] | null {
  if (!mayBeKnown(text)) return null;
  const pieces = piecesOf(text);
  if (isTemplate(skeletonOf(pieces))) return pieces;
  const open = withLastWord(pieces);
  return open && isTemplate(skeletonOf(open)) ? open : null;
}

function rendered(pieces: readonly Piece[], { path, id, word }: Rendering): string {
  const render = ({ kind, text }: Piece): string => {
    if (kind === 'literal' || kind === 'time') return text;
    if (kind === 'path') return path(text);
    if (kind === 'id') return id(text);
    if (kind === 'number' && text.length <= mostDigits) return text;
    return text === '' || words.has(text) ? text : word(text);
  };
  return pieces.map(render).join('');
}
