import { type Answer, invalid } from './answers.ts';
import type { SessionCursor } from './sessions.ts';

/** Rows of a page: the most, and what a client gets that does not say. Source: Coven. */
const largestPage = 1000;
const usualPage = 100;

/** A value of a query, or the answer that refuses it in Coven's words. */
export type Read<T> = { readonly value: T } | { readonly refusal: Answer };

/** What of a request for sessions makes it a request for a page; null when nothing does. */
export function readSessionPage(
  query: URLSearchParams,
): Read<{ readonly limit: number; readonly after: SessionCursor | null; readonly archivedToo: boolean } | null> {
  const [limit, cursor, includeArchived] = ['limit', 'cursor', 'includeArchived'].map((name) => query.get(name));
  if (limit == null && cursor == null && includeArchived == null) return { value: null };
  const rows = limit == null ? usualPage : /^\+?\d{1,9}$/.test(limit) ? Number(limit) : 0;
  if (rows < 1 || rows > largestPage)
    return {
      refusal: invalid(`Query parameter \`limit\` must be an integer between 1 and ${largestPage}.`, { limit }),
    };
  if (includeArchived != null && !['true', 'false'].includes(includeArchived))
    return {
      refusal: invalid('Query parameter `includeArchived` must be `true` or `false`.', { includeArchived }),
    };
  const after = cursor == null ? null : decode(cursor);
  if (typeof after === 'string')
    return { refusal: invalid('Query parameter `cursor` is invalid.', { cursor, detail: after }) };
  return { value: { limit: rows, after, archivedToo: includeArchived === 'true' } };
}

/** The cursor after a row, as Coven writes it: URL-safe base64 of JSON. */
export function encodeCursor({ created_at, id }: SessionCursor): string {
  return Buffer.from(JSON.stringify({ created_at, id })).toString('base64url');
}

/** A cursor, or what is wrong with it. */
function decode(cursor: string): SessionCursor | string {
  // A length of 4n + 1, or bits that no byte takes, is no base64.
  if (!/^[\w-]*$/.test(cursor) || Buffer.from(cursor, 'base64url').toString('base64url') !== cursor)
    return 'session cursor is not valid URL-safe base64';
  try {
    const { created_at, id } = JSON.parse(Buffer.from(cursor, 'base64url').toString());
    if (typeof created_at === 'string' && typeof id === 'string') return { created_at, id };
  } catch {
    // Told below.
  }
  return 'session cursor is malformed';
}

/** The page of events that a query asks for. Coven takes any integer and brings the limit into its bounds. */
export function readEventPage(query: URLSearchParams): Read<{ readonly after: number | null; readonly limit: number }> {
  for (const name of ['afterSeq', 'limit']) {
    const value = query.get(name);
    if (value !== null && !(/^[+-]?\d+$/.test(value) && Number.isSafeInteger(Number(value))))
      return { refusal: invalid(`${name} must be an integer.`, { [name]: value }) };
  }
  const after = query.get('afterSeq');
  const limit = Number(query.get('limit') ?? largestPage);
  return { value: { after: after === null ? null : Number(after), limit: Math.min(largestPage, Math.max(1, limit)) } };
}
