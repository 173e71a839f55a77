import { type Found, type Line, matchAt } from './line.ts';
import { isEmptyValue, mark } from './values.ts';

/** The user's name is taken whole, once: what follows it may begin with the same characters. */
const credentials =
  /:(?:\/\/|\\{1,32}\/\\{1,32}\/|%2F%2F)(?=([^\s/"'<>\\@:%]{0,256}))\1(:?)((?:[^\s/"'<>\\@]|@(?=[^\s/"'<>\\@]{1,256}@)){0,1024})@(?=[\w[.-])/iy;
const encodedCredentials =
  /%3A%2F%2F((?:[\w.~-]|%(?!2F|40)[0-9A-F]{2}){0,256}?)(%3A|:)((?:[\w.~!*'()-]|%(?!2F|40)[0-9A-F]{2}){1,1024})(?:%40|@)/iy;
const address = /[^\s"'<>\\]{1,4096}/y;
const scheme = /https?$/i;

/** Coven calls these private: an http address that names a gateway, or something private or internal. */
const isPrivate = (url: string): boolean => /gateway|private|internal/i.test(url);

/** The user's part of an address, and the whole of a private one; `at` is at `://`. */
export function urlAt(line: Line, at: number): Found | null {
  const { text } = line;
  const encoded = matchAt(encodedCredentials, text, at);
  if (encoded) {
    const start = at + encoded[0].length - (encoded[3]?.length ?? 0) - (/%40$/i.test(encoded[0]) ? 3 : 1);
    return found(start, start + (encoded[3]?.length ?? 0));
  }
  const start = Math.max(line.start, at - 5);
  const protocol = scheme.exec(text.slice(start, at))?.[0];
  if (protocol) {
    const from = at - protocol.length;
    const url = matchAt(address, text, from)?.[0] ?? '';
    const end = Math.min(from + url.replace(/[.,;)\]}]{1,4}$/, '').length, line.end);
    if (isPrivate(url.slice(0, end - from)))
      return { spans: [{ start: from, end, rule: 'private-url', by: mark }], open: null, next: end };
  }
  const match = matchAt(credentials, text, at);
  if (!match) return null;
  const [whole, user = '', colon, secret = ''] = match;
  const end = at + whole.length - 1;
  // The user goes too: any detector takes `user:[REDACTED]@` for credentials.
  if (colon === ':') return isEmptyValue(secret) ? null : found(end - secret.length - 1 - user.length, end);
  // A user alone is a token for http; `ssh://git@…` names nobody.
  const lone = user + secret;
  return protocol && lone.length > 3 && !lone.includes(mark) ? found(end - lone.length, end) : null;
}

const found = (start: number, end: number): Found => ({
  spans: [{ start, end, rule: 'url-credentials', by: mark }],
  open: null,
  next: end,
});
