import { endings, fileNames, pathWords } from './catalogue.ts';
import { role } from './pieces.ts';

export interface Paths {
  /** An absolute path, or one below a role token: folders that every machine has stay, other names do not. */
  readonly path: (text: string) => string;
  /** A name in a home, `/` between its parts. */
  readonly name: (text: string) => string;
}

const token = new RegExp(`^(?:${role}|\\[REDACTED\\]|~|\\.{1,2})$`);
const version = /^v?\d{1,4}(?:\.\d{1,5}){1,2}$/;
const run = /^\d{8}T\d{6}Z-[0-9a-f]{6}$/;
const leaseId = /^(daemon-session-|session-)(.+?)(\.json)?$/;

/** Names become placeholders part by part, so that what lies in one folder is still seen to lie there. */
export function makePaths(other: (text: string) => string, id: (text: string) => string): Paths {
  const named = (part: string, known: ReadonlySet<string>): string => {
    if (part === '' || known.has(part) || token.test(part) || version.test(part) || run.test(part)) return part;
    const [, owner, session, ending = ''] = leaseId.exec(part) ?? [];
    if (owner !== undefined && session !== undefined) return `${owner}${id(session)}${ending}`;
    const dot = part.lastIndexOf('.');
    const end = dot > 0 && endings.has(part.slice(dot)) ? part.slice(dot) : '';
    return `${other(end === '' ? part : part.slice(0, dot))}${end}`;
  };
  const parts = (text: string, known: ReadonlySet<string>): string =>
    text.length > 4096
      ? other(text)
      : text
          .split('/')
          .map((part) => named(part, known))
          .join('/');
  const everywhere = new Set([...pathWords, ...fileNames]);
  return { path: (text) => parts(text, everywhere), name: (text) => parts(text, fileNames) };
}
