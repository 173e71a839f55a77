import { harmless } from './harmless.ts';

/** A word as a POSIX shell takes it; in bash's and zsh's form where it holds what must not reach a terminal. */
export function quoted(word: string): string {
  if (/^[\w@%+=:,./-]+$/.test(word)) return word;
  if (harmless(word) === word) return `'${word.replaceAll("'", "'\\''")}'`;
  const escaped = [...Buffer.from(word, 'utf8')].map((byte) =>
    byte < 0x20 || byte > 0x7e || byte === 0x27 || byte === 0x5c || byte === 0x23
      ? `\\x${byte.toString(16).padStart(2, '0')}`
      : String.fromCharCode(byte),
  );
  return `$'${escaped.join('')}'`;
}

/** The home, or something below it, as a word of a command. `expand` puts the quoted path of the home in. */
export const homeWord = (name?: unknown): string =>
  name === undefined || name === '.' ? homeToken : `${homeToken}/${quoted(String(name))}`;

/** Its quotes tell it from the home in a sentence. */
const homeToken = "'<coven-home>'";

/** Role tokens become the paths that they stand for: quoted in commands, as they are in sentences. */
export function expand(text: string, home: string): string {
  const path = harmless(home);
  const word = quoted(home);
  return text
    .replaceAll(homeToken, () => word)
    .replaceAll('<coven-home>', () => path)
    .replaceAll('<daemon-socket>', () => `${path}/coven.sock`);
}
