import { latin1 } from './known.ts';
import { mark } from './values.ts';

/** A thing of this machine that is shown by a token, and the names that it has. */
export interface Named {
  /** `user` becomes `<user-1>` and so on; a role, such as `<coven-home>`, is the token itself. */
  readonly as: 'user' | 'host' | 'home' | 'project' | `<${string}>`;
  /** The same thing under several names (a host with and without its domain) has one token. */
  readonly names: readonly string[];
}

/** A way to write a name, and the thing that it names. */
export interface NameForm {
  readonly bytes: string;
  readonly token: () => string;
}

/** The names of one bundle. Tokens are numbered in the order in which they are first asked for, and never made of the name. */
export interface Tokens {
  readonly forms: readonly NameForm[];
}

/** Names that say nothing about anybody, and stand in texts for something else. */
const common = new Set(
  'root user admin administrator node runner ubuntu debian build builder ci test guest daemon nobody coven home localhost localhost.localdomain app dev server docker www-data vscode codespace agent work system default'.split(
    ' ',
  ),
);
const shortestName = 3;

/** Tokens for all members of one bundle; each member's redactor is given the same value. */
export function makeTokens(things: readonly Named[]): Tokens {
  const given = new Map<string, number>();
  return {
    forms: things.flatMap(({ as, names }) => {
      let own: string | null = as.startsWith('<') ? as : null;
      const token = (): string => {
        if (own === null) {
          const number = (given.get(as) ?? 0) + 1;
          given.set(as, number);
          own = `<${as}-${number}>`;
        }
        return own;
      };
      const forms = new Set(names.flatMap((name) => (name.includes('/') ? pathForms(name) : wordForms(name))));
      return [...forms].map((bytes) => ({ bytes, token }));
    }),
  };
}

/** Tokens beside which some texts are marked as secrets where they stand as words of their own. */
export const withMarked = ({ forms }: Tokens, texts: readonly string[]): Tokens => ({
  forms: [...forms, ...texts.map((text) => ({ bytes: latin1(text), token: () => mark }))],
});

const encoded = (text: string): string =>
  latin1(text).replace(/[^A-Za-z0-9_.~-]/g, (char) => `%${char.charCodeAt(0).toString(16).padStart(2, '0')}`);

function wordForms(name: string): readonly string[] {
  if (name.length < shortestName || common.has(name.toLowerCase())) return [];
  return [name, encoded(name), name.replace(/[._]/g, '-'), name.replace(/[.-]/g, '_')].map(latin1);
}

/** `/home/ada/my.app` is also written `%2Fhome%2Fada…`, `\/home\/ada…` and, by agents that name folders so, `-home-ada-my-app`. */
function pathForms(name: string): readonly string[] {
  const path = name.replace(/(?<!\/)\/+$/, '');
  if (path.split('/').length < 3 && path.length < 6) return [];
  const spaced = path.split('/').map(encoded).join('/');
  const escaped = JSON.stringify(path).slice(1, -1);
  return [
    latin1(path),
    spaced,
    encoded(path),
    encoded(encoded(path)),
    latin1(escaped),
    latin1(path.replaceAll('/', '\\/')),
    latin1(path.replaceAll('/', '\\\\/')),
    latin1(path.replace(/[^A-Za-z0-9]/g, '-')),
    latin1(path.replace(/[/]/g, '-')),
  ];
}
