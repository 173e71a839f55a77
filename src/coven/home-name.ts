export const oddNames = ['not-expanded', 'stray-characters'] as const;
export const oddParts = ['tilde', 'variable', 'control', 'blank', 'quote'] as const;

/**
 * What of a home's path no shell or program took away or replaced, and the path that was probably meant: absolute, or below
 * the home of the user as `~/…`; null where that is not known.
 */
export interface OddName {
  readonly code: (typeof oddNames)[number];
  readonly part: (typeof oddParts)[number];
  readonly meant: string | null;
}

const tilde = /^["']?~$/;
const variable = /^["']?(?:\$\{?HOME\}?|%h|%HOME%)$/;

/**
 * Whether the path of a home came from a setting that was taken as it stands: an env file of a service manager expands neither `~`
 * nor variables, one with line ends of Windows leaves a carriage return, and quotes stay. Coven makes a folder of that name,
 * and every session seems gone. A value with a blank or a quote before it counts as relative, below any folder.
 */
export function oddName(path: string): OddName | null {
  const parts = path.split('/').slice(1);
  const last = parts.at(-1) ?? '';
  const meant = meantBy(path, parts);
  if (/[\x00-\x1f\x7f]/.test(path)) return { code: 'stray-characters', part: 'control', meant };
  if (parts.some((part) => tilde.test(part))) return { code: 'not-expanded', part: 'tilde', meant };
  if (parts.some((part) => variable.test(part))) return { code: 'not-expanded', part: 'variable', meant };
  const quote = /["']$/.exec(last)?.[0];
  if (quote && parts.some((part) => part.startsWith(quote))) return { code: 'stray-characters', part: 'quote', meant };
  if (/\s$/.test(last) || parts.some((part) => /^\s+$/.test(part)))
    return { code: 'stray-characters', part: 'blank', meant };
  return null;
}

function meantBy(path: string, parts: readonly string[]): string | null {
  const from = parts.findIndex(
    (part) => /^\s*["']?(?:~|\$\{?HOME\b|%h$|%HOME%)/.test(part) || ['', '"', "'"].includes(part.trim()),
  );
  const cleaned = (from < 0 ? path : parts.slice(from).join('/'))
    .replace(/[\x00-\x1f\x7f]/g, '')
    .trim()
    .replace(/^(["'])(.*)\1$/, '$2');
  if (cleaned.startsWith('/')) return cleaned === path ? null : cleaned;
  const [first = '', ...rest] = cleaned.split('/');
  return tilde.test(first) || variable.test(first) ? ['~', ...rest].join('/') : null;
}
